import { createHash } from 'node:crypto';

/**
 * A certificate request (PKCS #10, RFC 2986) as a box sends it at enrolment. `keyFingerprint`: SHA-256 of the
 * SubjectPublicKeyInfo of its key, hexadecimal. `unsigned`: whoever sent it does not hold that key.
 */
export type ReadRequest = { keyFingerprint: string } | 'malformed' | 'unsigned';

/** Whoever signs with anything weaker or more exotic could not be let in later, when TLS asks for the same key. */
const keysTaken = [/^ECDSA P-(256|384)$/, /^Ed25519 $/, /^RSASSA-PKCS1-v1_5 (2048|3072|4096)$/];

/** @param pem checked against the shape of a PEM already. */
export async function readCertificateRequest(pem: string): Promise<ReadRequest> {
  const { Pkcs10CertificateRequest } = await library();
  try {
    const request = new Pkcs10CertificateRequest(pem);
    const { name, namedCurve, modulusLength } = request.publicKey.algorithm as KeyKind;
    if (!keysTaken.some((kind) => kind.test(`${name} ${namedCurve ?? modulusLength ?? ''}`))) return 'malformed';
    if (!(await request.verify())) return 'unsigned';
    return { keyFingerprint: createHash('sha256').update(Buffer.from(request.publicKey.rawData)).digest('hex') };
  } catch {
    // the texts of its faults quote what a stranger sent
    return 'malformed';
  }
}

type KeyKind = { name: string; namedCurve?: string; modulusLength?: number };

/** It takes half a second to load, and most processes never enrol anybody. */
async function library() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
