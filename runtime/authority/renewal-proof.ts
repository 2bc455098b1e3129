import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { type RenewalRequest, renewalText } from '#domain/enrolment.ts';

/** A request that was signed longer ago, or as far ahead, is not taken: the clock of a box is never that wrong once a server has told it the time. */
export const signedWithinMs = 10 * 60_000;

/**
 * Whether whoever sends this holds the key of the certificate in it. Whose that certificate is, and whether it is in force, stands in the records.
 * @param now ms since 1970. @returns SHA-256 of the certificate (DER), hexadecimal.
 */
export function provedFingerprint(
  request: RenewalRequest,
  now: number,
): { fingerprint: string } | 'signature-wrong' | 'malformed' {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(request.certificate);
  } catch {
    // the texts of its faults quote what a stranger sent
    return 'malformed';
  }
  if (Math.abs(now - Date.parse(request.at)) > signedWithinMs) return 'signature-wrong';
  if (!isSignedWith(certificate.publicKey, request)) return 'signature-wrong';
  return { fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase() };
}

function isSignedWith(key: KeyObject, request: RenewalRequest): boolean {
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    return verify(digest, Buffer.from(renewalText(request)), key, Buffer.from(request.signature, 'base64'));
  } catch {
    return false;
  }
}
