import { z } from 'zod';
import { SourceId } from './ids.ts';

/**
 * How a box becomes a source: somebody of the platform registers it and is given a code; whoever sets the box up types the code; the box
 * makes its key, which never leaves it, and sends a certificate request (PKCS #10, RFC 2986) together with the code to
 * `POST {url}/api/v1/enrolments`. The code is good once, for a while.
 */

/** Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O or U, so that it can be read out over a telephone. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 40 bits of chance: nothing to guess within an hour at the rate at which the platform lets anybody try. */
export const codeLength = 8;

/** Accepts what people write: lower case, blanks, hyphens, O for 0, I and L for 1. */
export const EnrolmentCode = z
  .string()
  .max(32)
  .transform((text) => text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1'))
  .pipe(z.string().regex(new RegExp(`^[${alphabet}]{${codeLength}}$`), 'an enrolment code is eight letters and digits'))
  .brand<'EnrolmentCode'>();
export type EnrolmentCode = z.infer<typeof EnrolmentCode>;

/** @param bytes of chance, at least `codeLength`; of each the lower five bits count. */
export const codeFrom = (bytes: Uint8Array): EnrolmentCode =>
  EnrolmentCode.parse(Array.from(bytes.subarray(0, codeLength), (byte) => alphabet[byte & 31]).join(''));

/** As it is shown and read out: `K7QM-2XPF`. */
export const spoken = (code: EnrolmentCode): string => `${code.slice(0, codeLength / 2)}-${code.slice(codeLength / 2)}`;

const Pem = (label: string, { several = false } = {}) =>
  z
    .string()
    .max(8_192)
    .regex(
      new RegExp(`^(-----BEGIN ${label}-----[A-Za-z0-9+/=\\s]+-----END ${label}-----\\s*)${several ? '{1,4}' : ''}$`),
      `no PEM of a ${label.toLowerCase()}`,
    );

/**
 * What somebody types to say which authority is the platform's, where no authority that the box knows vouches for its address: at least the first
 * 32 of the 64 hexadecimal digits of the SHA-256 of the authority's certificate (DER), as `npm run home` and the console show it together
 * with the code. 128 bits, for whoever wants to be taken for the platform looks for another certificate with the same digits, at leisure.
 */
export const AuthorityPin = z
  .string()
  .max(128)
  .transform((text) => text.toLowerCase().replaceAll(/[\s:-]/g, ''))
  .pipe(z.string().regex(/^[0-9a-f]{32,64}$/, 'the fingerprint of an authority is 32 to 64 hexadecimal digits'))
  .brand<'AuthorityPin'>();
export type AuthorityPin = z.infer<typeof AuthorityPin>;

/** @param fingerprint SHA-256 in full, hexadecimal. @returns four groups of eight digits, as they are read out and typed. */
export const shownPin = (fingerprint: string): string => fingerprint.slice(0, 32).match(/.{8}/g)?.join('-') ?? '';

/** @param fingerprint SHA-256 in full, of the certificate that was met. */
export const isPinned = (pin: AuthorityPin, fingerprint: string): boolean =>
  fingerprint.length === 64 && fingerprint.toLowerCase().startsWith(pin);

export const EnrolmentRequest = z.object({
  v: z.literal(1),
  code: EnrolmentCode,
  /** Signed with the key of the box, which proves that it has it. Its subject is not looked at: the code says who it is. */
  certificateRequest: Pem('CERTIFICATE REQUEST'),
  /** What it wants to sign in with; a token is for devices that cannot do certificates. */
  credential: z.enum(['certificate', 'token']).default('certificate'),
  software: z.string().max(64),
});
/** As it is sent. */
export type EnrolmentRequest = z.input<typeof EnrolmentRequest>;

/** The authorities a box trusts when it speaks to the platform: two while one takes over from the other. Each certificate as PEM, one behind the other. */
const Authorities = Pem('CERTIFICATE', { several: true });

/**
 * What the box signs in with from now on: a token of 256 bits as MQTT password, its source id being user name and client id; or a
 * certificate for its key. `authority`: by which it knows the broker.
 */
export const SourceCredential = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('token'), token: z.string().min(32).max(128), authority: Authorities.optional() }),
  z.object({
    kind: z.literal('certificate'),
    certificate: Pem('CERTIFICATE'),
    authority: Authorities,
    notAfter: z.iso.datetime(),
  }),
]);
export type SourceCredential = z.infer<typeof SourceCredential>;

export const EnrolmentAnswer = z.object({
  v: z.literal(1),
  source: SourceId,
  /** Where it publishes: mqtt://host:port or mqtts://host:port. */
  mqttUrl: z.url({ protocol: /^mqtts?$/ }),
  credential: SourceCredential,
});
export type EnrolmentAnswer = z.infer<typeof EnrolmentAnswer>;

/**
 * How a source gets its next certificate: `POST {url}/api/v1/renewals`, at any time while the present one is in force; it asks by itself when a
 * third of the lifetime is left. Whoever asks is proved by `signature`, so that this works behind any proxy that ends TLS:
 * ECDSA or RSA PKCS #1 v1.5 with SHA-256, or Ed25519, made with the key of `certificate` over the bytes of `renewalText`, base64.
 * The answer is an `EnrolmentAnswer`. The present certificate stays in force until the new one was used or it ends by itself, so whoever loses the
 * answer asks again. The box signs in with the new one at once, and keeps the old one until that succeeded.
 */
export const RenewalRequest = z.object({
  v: z.literal(1),
  certificate: Pem('CERTIFICATE'),
  /** For a new key, signed with it. */
  certificateRequest: Pem('CERTIFICATE REQUEST'),
  /** When it was signed, by the box's clock corrected by the server's; older than ten minutes it is not taken. */
  at: z.iso.datetime(),
  signature: z.base64().max(1_024),
});
export type RenewalRequest = z.infer<typeof RenewalRequest>;

/** What `signature` is made over, as UTF-8. An ECDSA signature is in DER, as `node:crypto` and OpenSSL write it. */
export const renewalText = ({ certificateRequest, at }: Pick<RenewalRequest, 'certificateRequest' | 'at'>): string =>
  `hearthbeat renewal 1\n${at}\n${certificateRequest}`;

/** Why a certificate was not renewed: 403 for the first four, 422 for the request, 429 for too many tries. */
export const renewalFaults = [
  /** Not of this platform, or withdrawn: superseded by one that was used, or revoked. */
  'certificate-unknown',
  'certificate-ended',
  'source-revoked',
  'signature-wrong',
  'request-malformed',
  'request-unsigned',
  'too-many-tries',
] as const;
export type RenewalFault = (typeof renewalFaults)[number];

/** Why a box was not let in; 403 for the code, 422 for the request, 429 for too many tries. */
export const enrolmentFaults = [
  'code-unknown',
  'code-expired',
  'code-used',
  'request-malformed',
  'request-unsigned',
  'too-many-tries',
] as const;
export type EnrolmentFault = (typeof enrolmentFaults)[number];
