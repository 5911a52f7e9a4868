import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEnvelope, type Sealed } from "./envelope.ts";
import { testKeyProvider } from "./testing/fixtures.ts";

const keys = testKeyProvider();
const envelope = createEnvelope(keys);
const PLACE = "secret_value/credential/crd_1/password";

describe("an envelope", () => {
  it("gives back whatever was sealed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.string(), async (bytes, place) => {
        const opened = await envelope.open(place, await envelope.seal(place, bytes));
        expect(Buffer.from(opened).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("does not open anywhere but at its own place: not in another row, tenant or table", async () => {
    const sealed = await envelope.seal(PLACE, Buffer.from("s3cret"));
    for (const place of [
      "secret_value/credential/crd_2/password",
      "secret_value/credential/crd_1/other",
      "idempotency_record/credential/crd_1/password",
      "",
    ]) {
      await expect(envelope.open(place, sealed)).rejects.toThrow();
    }
  });

  it("does not open when any bit of it was changed, or when it was cut", async () => {
    const sealed = await envelope.seal(PLACE, Buffer.from("s3cret"));
    for (const field of ["wrappedKey", "nonce", "ciphertext"] as const) {
      for (let at = 0; at < sealed[field].length; at++) {
        const changed = Uint8Array.from(sealed[field], (byte, index) => (index === at ? byte ^ 0x80 : byte));
        await expect(envelope.open(PLACE, { ...sealed, [field]: changed })).rejects.toThrow();
      }
    }
    const cuts: Sealed[] = [
      { ...sealed, ciphertext: sealed.ciphertext.subarray(0, 15) },
      { ...sealed, ciphertext: new Uint8Array() },
      { ...sealed, ciphertext: sealed.ciphertext.subarray(1) },
      { ...sealed, nonce: sealed.nonce.subarray(0, 8) },
    ];
    for (const cut of cuts) await expect(envelope.open(PLACE, cut)).rejects.toMatchObject({ kind: "denied" });
  });

  it("does not open with the data key of another value", async () => {
    const [one, other] = await Promise.all(["1", "2"].map((text) => envelope.seal(PLACE, Buffer.from(text))));
    if (one === undefined || other === undefined) throw new Error("two were sealed");
    await expect(envelope.open(PLACE, { ...one, wrappedKey: other.wrappedKey })).rejects.toMatchObject({
      kind: "denied",
    });
  });

  it("uses another key and nonce each time, and each prepared key once", async () => {
    const sealed = await Promise.all(Array.from({ length: 50 }, () => envelope.seal(PLACE, Buffer.from("same"))));
    const distinct = (field: "wrappedKey" | "nonce" | "ciphertext") =>
      new Set(sealed.map((one) => Buffer.from(one[field]).toString("hex"))).size;
    expect([distinct("wrappedKey"), distinct("nonce"), distinct("ciphertext")]).toEqual([50, 50, 50]);
    const seal = await envelope.prepare(PLACE);
    seal(Buffer.from("1"));
    expect(() => seal(Buffer.from("2"))).toThrow("one value");
  });
});
