import { createHash } from 'node:crypto';
import { loadX509 } from './x509.ts';

/**
 * A certificate request (PKCS #10, RFC 2986) as a box sends it. `keyFingerprint`: SHA-256 of the
 * SubjectPublicKeyInfo of its key, hexadecimal; `publicKey`: that, in DER. `unsigned`: whoever sent it does not hold that key.
 */
export type ReadRequest = { keyFingerprint: string; publicKey: ArrayBuffer } | RequestFault;
export type RequestFault = 'malformed' | 'unsigned';

/** Whoever signs with anything weaker or more exotic could not be let in later, when TLS asks for the same key. */
const keysTaken = [/^ECDSA P-(256|384)$/, /^Ed25519 $/, /^RSASSA-PKCS1-v1_5 (2048|3072|4096)$/];

/** @param pem checked against the shape of a PEM already. */
export async function readCertificateRequest(pem: string): Promise<ReadRequest> {
  const { Pkcs10CertificateRequest } = await loadX509();
  try {
    const request = new Pkcs10CertificateRequest(pem);
    const { name, namedCurve, modulusLength } = request.publicKey.algorithm as KeyKind;
    if (!keysTaken.some((kind) => kind.test(`${name} ${namedCurve ?? modulusLength ?? ''}`))) return 'malformed';
    if (!(await request.verify())) return 'unsigned';
    const publicKey = request.publicKey.rawData;
    return { keyFingerprint: createHash('sha256').update(Buffer.from(publicKey)).digest('hex'), publicKey };
  } catch {
    // the texts of its faults quote what a stranger sent
    return 'malformed';
  }
}

type KeyKind = { name: string; namedCurve?: string; modulusLength?: number };
