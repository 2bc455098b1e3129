import { createPrivateKey, createPublicKey, sign, X509Certificate } from 'node:crypto';
import { type RenewalRequest, renewalText } from '#domain/enrolment.ts';
import { loadX509 } from '#runtime/authority/x509.ts';

/** The keys of this box, and what it proves with them. Keys and certificates are PEM; a key never leaves the box. */

const curve = { name: 'ECDSA', namedCurve: 'P-256' };

/** ECDSA on P-256, PKCS #8. */
export async function newKey(): Promise<string> {
  const pair = await crypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

/** A certificate request (PKCS #10) for `pem`, signed with it. */
export async function requestFor(pem: string): Promise<string> {
  const { Pkcs10CertificateRequestGenerator } = await loadX509();
  const signing = { ...curve, hash: 'SHA-256' };
  const key = createPrivateKey(pem);
  const [secret, open] = [
    key.export({ type: 'pkcs8', format: 'der' }),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
  ];
  const keys = {
    privateKey: await crypto.subtle.importKey('pkcs8', secret, signing, false, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', open, signing, true, ['verify']),
  };
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=hearthbeat-gateway',
    keys,
    signingAlgorithm: signing,
  });
  return request.toString('pem');
}

/** @param key of `certificate`. @param at when, RFC 3339. */
export function renewalOf(
  { key, certificate }: { key: string; certificate: string },
  certificateRequest: string,
  at: string,
): RenewalRequest {
  const signature = sign('sha256', Buffer.from(renewalText({ certificateRequest, at })), key).toString('base64');
  return { v: 1, certificate, certificateRequest, at, signature };
}

/** Whether the certificate is for this key; false for what is no certificate. */
export function isFor(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
