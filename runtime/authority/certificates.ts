import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import type { SourceId } from '#domain/ids.ts';
import { loadX509 } from './x509.ts';

/** How the certificates of our own authority look (RFC 5280). Keys are EC P-256, signatures ECDSA with SHA-256. */

const dayMs = 86_400_000;
const authorityDays = 3_650;
/** Certificates of servers, and of the authority itself, are looked at by boxes whose clock may still stand where it stood when they were packed. */
const backdatedDays = 365;
/** With the backdating less than the 398 days beyond which browsers refuse (CA/Browser Forum, Baseline Requirements, 6.3.2). */
export const serverDays = 30;
/** Certificates of boxes are looked at by the platform alone, whose machines agree on the hour. */
const clientBackdatedMs = 3_600_000;

const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** The certificate of an authority (PEM) with its key. */
export type Signer = { certificate: string; key: KeyObject };

export type IssuedCertificate = {
  /** PEM. */
  certificate: string;
  /** Hexadecimal, as it stands in the certificate. */
  serial: string;
  /** SHA-256 of the certificate (DER), hexadecimal. */
  fingerprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo of its key, hexadecimal. */
  keyFingerprint: string;
  issuedAt: string;
  notAfter: string;
};

/** SHA-256 of the DER, hexadecimal. @param certificate PEM */
export const fingerprintOf = (certificate: string): string =>
  new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();

/** What stands in a client certificate and says whose it is. */
export const sourceUri = (source: SourceId): string => `urn:hearthbeat:source:${source}`;

/** A new authority: may sign certificates of boxes and servers, and no other authority. @param now ms since 1970 */
export async function makeAuthority(now: number): Promise<Signer> {
  const x509 = await loadX509();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = {
    privateKey: privateKey.toCryptoKey(signing, false, ['sign']),
    publicKey: publicKey.toCryptoKey(signing, true, ['verify']),
  };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    // a name of its own, so that nobody takes one authority for its successor
    name: [{ O: ['Hearthbeat'] }, { CN: [`Hearthbeat authority ${randomBytes(4).toString('hex')}`] }],
    notBefore: new Date(now - backdatedDays * dayMs),
    notAfter: new Date(now + authorityDays * dayMs),
    keys,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: privateKey };
}

/**
 * @param publicKey SubjectPublicKeyInfo, DER: of a request whose signature was verified.
 * @param now ms since 1970
 */
export async function makeClientCertificate(
  signer: Signer,
  wish: { source: SourceId; publicKey: ArrayBuffer; now: number; days: number },
): Promise<IssuedCertificate> {
  const { ExtendedKeyUsage } = await loadX509();
  const { source, publicKey, now, days } = wish;
  return issue(signer, {
    name: source,
    publicKey,
    usage: ExtendedKeyUsage.clientAuth,
    alternatives: [{ type: 'url', value: sourceUri(source) }],
    notBefore: now - clientBackdatedMs,
    issuedAt: now,
    notAfter: now + days * dayMs,
  });
}

/**
 * For a server that is reached under these names and addresses. The key is new every time and lives in this process only. `certificate`: with that
 * of the authority behind it, by which a box that knows no more than a fingerprint finds it.
 */
export async function makeServerCertificate(
  signer: Signer,
  wish: { names: readonly string[]; now: number },
): Promise<{ key: string; certificate: string; notAfter: number }> {
  const { ExtendedKeyUsage } = await loadX509();
  const { names, now } = wish;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const notAfter = Math.min(now + serverDays * dayMs, endOf(signer.certificate));
  const { certificate } = await issue(signer, {
    name: names[0] ?? 'localhost',
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    usage: ExtendedKeyUsage.serverAuth,
    alternatives: names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
    notBefore: now - backdatedDays * dayMs,
    issuedAt: now,
    notAfter,
  });
  return { key: pkcs8(privateKey), certificate: `${certificate}\n${signer.certificate}\n`, notAfter };
}

/** ms since 1970. @param certificate PEM */
export const endOf = (certificate: string): number => Date.parse(new X509Certificate(certificate).validTo);

/** Of the PEM, encrypted (PBES2) where there is a passphrase. */
export const pkcs8 = (key: KeyObject, passphrase?: string): string =>
  key
    .export({
      type: 'pkcs8',
      format: 'pem',
      ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
    })
    .toString();

/** Undefined where the passphrase is not the one. */
export function openKey(pem: string, passphrase: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch {
    return undefined;
  }
}

/** 126 bits of chance in 16 bytes that begin with a digit other than 0 and are positive, so that everybody writes it alike. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
}

type Wish = {
  name: string;
  publicKey: ArrayBuffer | Uint8Array<ArrayBuffer>;
  usage: string;
  alternatives: { type: 'dns' | 'ip' | 'url'; value: string }[];
  /** ms since 1970, as all of these. */
  notBefore: number;
  issuedAt: number;
  notAfter: number;
};

async function issue(signer: Signer, wish: Wish): Promise<IssuedCertificate> {
  const x509 = await loadX509();
  const authority = new x509.X509Certificate(signer.certificate);
  const notBefore = Math.max(wish.notBefore, authority.notBefore.getTime());
  // nothing outlives its issuer
  const notAfter = Math.min(wish.notAfter, authority.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [wish.name] }],
    issuer: authority.subjectName,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    signingKey: signer.key.toCryptoKey(signing, false, ['sign']),
    publicKey: wish.publicKey,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([wish.usage]),
      new x509.SubjectAlternativeNameExtension(wish.alternatives),
      await x509.SubjectKeyIdentifierExtension.create(wish.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  const der = Buffer.from(certificate.rawData);
  return {
    certificate: certificate.toString('pem'),
    serial: certificate.serialNumber,
    fingerprint: createHash('sha256').update(der).digest('hex'),
    keyFingerprint: createHash('sha256').update(Buffer.from(certificate.publicKey.rawData)).digest('hex'),
    issuedAt: new Date(wish.issuedAt).toISOString(),
    notAfter: certificate.notAfter.toISOString(),
  };
}
