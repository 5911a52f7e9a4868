import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { bitString, fromPem, integer, oid, readAll, readOid, sequence, TAG, tlv, toPem, utcTime } from "./der.ts";

/**
 * Certificates for the simulated cluster, made without waiting and without chance.
 *
 * The model answers synchronously and must repeat itself under one seed; WebCrypto libraries are asynchronous and ECDSA
 * signatures are random. Ed25519 keys from seeded bytes with node:crypto are neither, and TLS takes them.
 */
export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

export interface Authority {
  readonly subject: Subject;
  readonly key: KeyObject;
  readonly certificatePem: string;
}

const ED25519 = "1.3.101.112";
const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";
const USAGES = { client: "1.3.6.1.5.5.7.3.2", server: "1.3.6.1.5.5.7.3.1" } as const;
const PKCS8_HEADER = Buffer.from("302e020100300506032b657004220420", "hex");

/** The Ed25519 key that 32 bytes stand for. */
export function keyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEADER, seed]), format: "der", type: "pkcs8" });
}

const publicDer = (key: KeyObject): Buffer => createPublicKey(key).export({ format: "der", type: "spki" });
const algorithm = (): Buffer => sequence(oid(ED25519));

function nameDer({ commonName, organizations }: Subject): Buffer {
  const attribute = (type: string, value: string): Buffer =>
    tlv(TAG.set, sequence(oid(type), tlv(TAG.utf8, Buffer.from(value))));
  return sequence(...organizations.map((value) => attribute(ORGANIZATION, value)), attribute(COMMON_NAME, commonName));
}

function signed(body: Buffer, key: KeyObject): Buffer {
  return sequence(body, algorithm(), bitString(sign(null, body, key)));
}

export interface CertificateFacts {
  readonly subject: Subject;
  readonly publicKey: Buffer;
  readonly serial: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly usages: readonly (keyof typeof USAGES)[];
  readonly isAuthority?: boolean;
  readonly addresses?: readonly string[];
  readonly names?: readonly string[];
}

export function issueCertificate(facts: CertificateFacts, issuer: Subject, issuerKey: KeyObject): string {
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))), // Version 3.
    integer(facts.serial),
    algorithm(),
    nameDer(issuer),
    sequence(utcTime(facts.notBefore), utcTime(facts.notAfter)),
    nameDer(facts.subject),
    facts.publicKey,
    tlv(0xa3, sequence(...extensions(facts))),
  );
  return toPem("CERTIFICATE", signed(body, issuerKey));
}

function extensions(facts: CertificateFacts): Buffer[] {
  const critical = tlv(TAG.boolean, Buffer.from([0xff]));
  const extension = (id: string, value: Buffer, isCritical: boolean): Buffer =>
    sequence(oid(id), ...(isCritical ? [critical] : []), tlv(TAG.octetString, value));
  const isAuthority = facts.isAuthority === true;
  const list = [
    extension("2.5.29.19", isAuthority ? sequence(critical) : sequence(), true),
    // keyCertSign and cRLSign for authorities, digitalSignature for the others.
    extension("2.5.29.15", isAuthority ? bitString(Buffer.from([0x06]), 1) : bitString(Buffer.from([0x80]), 7), true),
  ];
  if (facts.usages.length > 0) {
    list.push(extension("2.5.29.37", sequence(...facts.usages.map((usage) => oid(USAGES[usage]))), false));
  }
  const alternatives = [
    ...(facts.names ?? []).map((name) => tlv(0x82, Buffer.from(name))),
    ...(facts.addresses ?? []).map((address) => tlv(0x87, Buffer.from(address.split(".").map(Number)))),
  ];
  if (alternatives.length > 0) list.push(extension("2.5.29.17", sequence(...alternatives), false));
  return list;
}

const FROM = Date.UTC(2020, 0, 1);
const UNTIL = Date.UTC(2049, 11, 31);

/** A self-signed authority whose validity does not depend on the simulation's clock. */
export function createAuthority(commonName: string, seed: Uint8Array): Authority {
  const key = keyFromSeed(seed);
  const subject: Subject = { commonName, organizations: [] };
  const facts: CertificateFacts = {
    subject,
    publicKey: publicDer(key),
    serial: Buffer.from([1]),
    notBefore: FROM,
    notAfter: UNTIL,
    usages: [],
    isAuthority: true,
  };
  return { subject, key, certificatePem: issueCertificate(facts, subject, key) };
}

/** Key and certificate of a server on loopback. */
export function createServerIdentity(
  authority: Authority,
  seed: Uint8Array,
  addresses: readonly string[],
): { keyPem: string; certificatePem: string } {
  const key = keyFromSeed(seed);
  const certificatePem = issueCertificate(
    {
      subject: { commonName: "kube-apiserver", organizations: [] },
      publicKey: publicDer(key),
      serial: Buffer.from([2]),
      notBefore: FROM,
      notAfter: UNTIL,
      usages: ["server"],
      addresses,
      names: ["localhost", "kubernetes", "kubernetes.default.svc"],
    },
    authority.subject,
    authority.key,
  );
  return { keyPem: key.export({ format: "pem", type: "pkcs8" }).toString(), certificatePem };
}

/** A PKCS#10 request in PEM. */
export function createRequest(subject: Subject, key: KeyObject): string {
  const body = sequence(integer(Buffer.from([0])), nameDer(subject), publicDer(key), tlv(0xa0));
  return toPem("CERTIFICATE REQUEST", signed(body, key));
}

export interface ParsedRequest {
  readonly subject: Subject;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
}

/** Reads and verifies a request; undefined when it is none or its signature is wrong. */
export function parseRequest(pem: string): ParsedRequest | undefined {
  const der = fromPem("CERTIFICATE REQUEST", pem);
  if (der === undefined) return undefined;
  try {
    const [outer] = readAll(der);
    const [body, , signature] = readAll(outer?.content ?? Buffer.alloc(0));
    if (body === undefined || signature === undefined) return undefined;
    const [, name, publicKey] = readAll(body.content);
    if (name === undefined || publicKey === undefined) return undefined;
    const key = createPublicKey({ key: publicKey.raw, format: "der", type: "spki" });
    const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
    if (!verify(digest, body.raw, key, signature.content.subarray(1))) return undefined;
    return { subject: parseName(name.content), publicKey: publicKey.raw };
  } catch {
    return undefined;
  }
}

function parseName(content: Buffer): Subject {
  let commonName = "";
  const organizations: string[] = [];
  for (const set of readAll(content)) {
    for (const attribute of readAll(set.content)) {
      const [type, value] = readAll(attribute.content);
      const id = readOid(type?.content ?? Buffer.alloc(1));
      const text = value?.content.toString() ?? "";
      if (id === COMMON_NAME) commonName = text;
      if (id === ORGANIZATION) organizations.push(text);
    }
  }
  return { commonName, organizations };
}
