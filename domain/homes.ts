import { z } from 'zod';
import { DeviceId, PatientId, SourceId, TeamId } from './ids.ts';
import { deviceTroubles } from './standing.ts';
import { SourceView } from './views.ts';
import { Words } from './words.ts';

/**
 * Homes as administrators see them: every source and device, for a box that has gone wrong is nobody's secret; of patients only
 * those of their own care teams, and of nobody any value.
 */

/** Why somebody shut a source or a certificate out: words from a closed list, for the audit trail holds no free text. */
export const revocationReasons = [
  'lost-or-stolen',
  'returned',
  'replaced',
  'misused',
  'set-up-wrongly',
  'other',
] as const;
export const RevocationReason = z.enum(revocationReasons);
export type RevocationReason = z.infer<typeof RevocationReason>;

/** Who has a device, or one user slot of it, and when. */
export const HoldingView = z.object({
  id: z.uuid(),
  userSlot: z.int().nullable(),
  from: z.iso.datetime(),
  to: z.iso.datetime().nullable(),
  /** Null for a patient of a care team that is not yours, and for one who is to be forgotten. */
  patient: z.object({ id: PatientId, name: Words }).nullable(),
  /** Made so recently that it can be taken for a slip. */
  undoable: z.boolean(),
});
export type HoldingView = z.infer<typeof HoldingView>;

export const HomeDeviceView = z.object({
  device: DeviceId,
  model: z.string().nullable(),
  /** Its last sign of life, as the source told it. */
  heardAt: z.iso.datetime().nullable(),
  battery: z.int().nullable(),
  troubles: z.array(z.enum(deviceTroubles)),
  /** What its gateway cannot do with it, in the gateway's word. */
  trouble: z.string().nullable(),
  /** Past ones included, the newest first. */
  holdings: z.array(HoldingView),
});
export type HomeDeviceView = z.infer<typeof HomeDeviceView>;

/** What a gateway hears and nobody has registered: a new device, or the neighbour's. */
export const StrangerView = z.object({
  device: DeviceId,
  model: z.string().nullable(),
  heardAt: z.iso.datetime().nullable(),
});
export type StrangerView = z.infer<typeof StrangerView>;

export const CertificateView = z.object({
  /** SHA-256 of the certificate, hexadecimal. */
  fingerprint: z.string(),
  issuedAt: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
});
export type CertificateView = z.infer<typeof CertificateView>;

export const SourceDetail = z.object({
  source: SourceView,
  /** The newest first. */
  certificates: z.array(CertificateView),
  devices: z.array(HomeDeviceView),
  strangers: z.array(StrangerView),
});
export type SourceDetail = z.infer<typeof SourceDetail>;

/** Shown once: only its hash is kept. */
export const CodeGiven = z.object({
  /** As it is read out: `K7QM-2XPF`. */
  code: z.string(),
  expiresAt: z.iso.datetime(),
  /** Where the box enrols. */
  url: z.url(),
  /** By which the box knows the platform, as it is read out; null where the platform has no authority of its own. */
  authority: z.string().nullable(),
});
export type CodeGiven = z.infer<typeof CodeGiven>;

/** Shown once: only its hash is kept. User name and client id are the source's id. */
export const TokenGiven = z.object({
  source: SourceId,
  mqttUrl: z.string(),
  token: z.string(),
  /** By which the device knows the platform: PEM of its authorities; null where it has none of its own. */
  authority: z.string().nullable(),
});
export type TokenGiven = z.infer<typeof TokenGiven>;

/** A patient to whom a device may be given. */
export const PatientFound = z.object({ id: PatientId, name: Words, birthDate: z.iso.date(), team: TeamId });
export type PatientFound = z.infer<typeof PatientFound>;
