import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import type { spoken } from '#domain/enrolment.ts';

/** Boxes that want to enrol, as the platform sees them: a key each, and certificate requests signed with it. */

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
export type KeyPair = webcrypto.CryptoKeyPair;

export const makeKey = async (algorithm: object = p256): Promise<KeyPair> =>
  (await crypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, ['sign', 'verify'])) as KeyPair;

/** PEM. `signedBy`: another key than the one it names, as somebody would send who has only seen that one. */
export async function certificateRequest(keys: KeyPair, signedBy: KeyPair = keys): Promise<string> {
  const { algorithm } = signedBy.privateKey;
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=whatever the box calls itself',
    keys: { publicKey: keys.publicKey, privateKey: signedBy.privateKey },
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' } as webcrypto.EcdsaParams,
  });
  return request.toString('pem');
}

export const enrolmentBody = async (
  code: Parameters<typeof spoken>[0] | string,
  keys: KeyPair,
  signedBy?: KeyPair,
) => ({
  v: 1,
  code,
  certificateRequest: await certificateRequest(keys, signedBy),
  software: 'hearthbeat-gateway 0.1.0',
});
