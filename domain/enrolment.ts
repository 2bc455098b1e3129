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

const Pem = (label: string) =>
  z
    .string()
    .max(8_192)
    .regex(
      new RegExp(`^-----BEGIN ${label}-----[A-Za-z0-9+/=\\s]+-----END ${label}-----\\s*$`),
      `no PEM of a ${label.toLowerCase()}`,
    );

export const EnrolmentRequest = z.object({
  v: z.literal(1),
  code: EnrolmentCode,
  /** Signed with the key of the box, which proves that it has it. Its subject is not looked at: the code says who it is. */
  certificateRequest: Pem('CERTIFICATE REQUEST'),
  software: z.string().max(64),
});
export type EnrolmentRequest = z.infer<typeof EnrolmentRequest>;

/**
 * What the box signs in with from now on: a token of 256 bits as MQTT password, its source id being user name and client id; or a
 * certificate for its key, with the chain to the platform's own authority.
 */
export const SourceCredential = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('token'), token: z.string().min(32).max(128) }),
  z.object({
    kind: z.literal('certificate'),
    certificate: Pem('CERTIFICATE'),
    authority: Pem('CERTIFICATE'),
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

/** What `signature` is made over. */
export const renewalText = ({ certificateRequest, at }: Pick<RenewalRequest, 'certificateRequest' | 'at'>): string =>
  `hearthbeat renewal 1\n${at}\n${certificateRequest}`;

/** Why a certificate was not renewed: 403 for the first four, 422 for the request, 429 for too many tries. */
export const renewalFaults = [
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
