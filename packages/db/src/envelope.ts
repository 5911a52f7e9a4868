import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type KeyProvider, PortError } from "@berth/ports";

/** An encrypted value: AES-256-GCM under a data key of its own, which the key provider wrapped. The tag ends `ciphertext`. */
export interface Sealed {
  readonly keyId: string;
  readonly wrappedKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** Seals one value without waiting for anybody: inside a transaction there is no time for a key service. */
export type SealOnce = (plaintext: Uint8Array) => Sealed;

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Envelope encryption. `place` says where the value is kept (`secret_value/<owner>/<name>`) and is authenticated with it and
 * with its key: a ciphertext that is copied to another row, tenant or table does not open there.
 *
 * Every value has a data key of its own, so a nonce can never meet another under the same key.
 */
export interface Envelope {
  /** Fetches a wrapped data key; what it gives seals once. */
  prepare(place: string): Promise<SealOnce>;
  seal(place: string, plaintext: Uint8Array): Promise<Sealed>;
  /** Throws PortError denied when the value was changed or belongs elsewhere, unavailable when the key service is away. */
  open(place: string, sealed: Sealed): Promise<Uint8Array>;
}

export function createEnvelope(keys: KeyProvider): Envelope {
  const prepare = async (place: string): Promise<SealOnce> => {
    const dataKey = randomBytes(32);
    const wrappedKey = await keys.wrap(dataKey, place);
    let used = false;
    return (plaintext) => {
      if (used) throw new Error("a data key seals one value");
      used = true;
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, dataKey, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(place));
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      dataKey.fill(0);
      return { keyId: keys.keyId, wrappedKey, nonce, ciphertext };
    };
  };

  return {
    prepare,
    seal: async (place, plaintext) => (await prepare(place))(plaintext),
    open: async (place, sealed) => {
      const dataKey = await keys.unwrap(sealed.wrappedKey, sealed.keyId, place);
      const body = sealed.ciphertext.subarray(0, -TAG_BYTES);
      const tag = sealed.ciphertext.subarray(-TAG_BYTES);
      try {
        if (sealed.nonce.length !== NONCE_BYTES || tag.length !== TAG_BYTES) throw new Error("malformed");
        const decipher = createDecipheriv(ALGORITHM, dataKey, sealed.nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(place));
        decipher.setAuthTag(tag);
        return Buffer.concat([decipher.update(body), decipher.final()]);
      } catch (error) {
        throw new PortError("denied", `the value at ${place} was changed or is not the one sealed there`, {
          cause: error,
        });
      } finally {
        dataKey.fill(0);
      }
    },
  };
}
