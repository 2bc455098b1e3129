import { z } from 'zod';
import { refusals } from './admission.ts';
import { DeviceId, PatientId, SourceId } from './ids.ts';
import { Reading } from './reading.ts';
import { panelNames } from './vitals.ts';
import { Words } from './words.ts';

/** What administrators look after besides homes: what could not be admitted, who did what, and who asked to be forgotten. */

/** `actor` as the records keep it; `name` where it is somebody with an account. */
export const ActorView = z.object({ actor: z.string(), name: Words.nullable() });
export type ActorView = z.infer<typeof ActorView>;

export const quarantineReasons = [...refusals, 'refused-by-store'] as const;

/** One reading, series or message that could not be admitted. No value stands here. */
export const QuarantineView = z.object({
  key: z.string(),
  source: SourceId,
  receivedAt: z.iso.datetime(),
  reason: z.enum(quarantineReasons),
  /** English, for engineers. */
  detail: z.string(),
  device: DeviceId.nullable(),
  panel: z.enum(panelNames).nullable(),
  takenAt: z.iso.datetime().nullable(),
  /** How many readings it holds. */
  readings: z.int(),
  bytes: z.int(),
  /** `waiting`: may be released. `released`: on its way into the store. `recorded`: there. */
  state: z.enum(['waiting', 'released', 'recorded']),
  releasedAt: z.iso.datetime().nullable(),
  releasedBy: ActorView.nullable(),
});
export type QuarantineView = z.infer<typeof QuarantineView>;

/** What was sent, as it came. Holds health values of somebody who may be of any care team: every look is audited. */
export const QuarantinePayload = z.object({
  item: QuarantineView,
  /** Where it is one reading that can be read. */
  reading: Reading.nullable(),
  /** As text, cut where it is long. Bytes that are no text are shown in hexadecimal. */
  text: z.string(),
  encoding: z.enum(['json', 'text', 'hex']),
  cut: z.boolean(),
});
export type QuarantinePayload = z.infer<typeof QuarantinePayload>;

/** What became of a wish to release: `refused` says why it still may not enter. */
export const ReleaseView = z.object({
  released: z.int(),
  /** Released before, or gone. */
  others: z.int(),
  refused: z.array(z.object({ reason: z.enum(quarantineReasons), readings: z.int() })),
  /** There are more that fit: ask again. */
  more: z.boolean(),
});
export type ReleaseView = z.infer<typeof ReleaseView>;

export const AuditView = z.object({
  seq: z.int(),
  at: z.iso.datetime(),
  by: ActorView,
  action: z.string(),
  /** `done`, or why it was refused. */
  outcome: z.string(),
  source: SourceId.nullable(),
  device: DeviceId.nullable(),
  /** Null also for a patient of a care team that is not yours. */
  patient: z.object({ id: PatientId, name: Words }).nullable(),
  ofPatient: z.boolean(),
  address: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
});
export type AuditView = z.infer<typeof AuditView>;

/** Is the chain whole? `head`: note it elsewhere, and rows taken off the end can be noticed too. */
export const AuditVerdictView = z.object({
  rows: z.int(),
  head: z.object({ seq: z.int(), hash: z.string() }).nullable(),
  broken: z.object({ seq: z.int(), why: z.enum(['changed', 'missing', 'since']) }).nullable(),
});
export type AuditVerdictView = z.infer<typeof AuditVerdictView>;

/** Why somebody is to be forgotten: words from a closed list. */
export const erasureReasons = [
  'asked-by-patient',
  'asked-by-family',
  'consent-withdrawn',
  'entered-wrongly',
  'other',
] as const;
export const ErasureReason = z.enum(erasureReasons);

/** The erasure of one patient: what was removed, and what still stands. No name: from the asking on nobody sees who it was. */
export const ErasureView = z.object({
  patient: PatientId,
  askedAt: z.iso.datetime(),
  askedBy: ActorView,
  reason: z.string(),
  /** Until when a law obliges to keep what was stored. */
  keepUntil: z.iso.datetime().nullable(),
  state: z.enum(['kept', 'under-way', 'done']),
  doneAt: z.iso.datetime().nullable(),
  parts: z.array(
    z.object({
      part: z.string(),
      at: z.iso.datetime().nullable(),
      /** Null where the store does not count, or it was not gone through yet. */
      removed: z.int().nullable(),
      obstacle: z.string().nullable(),
    }),
  ),
});
export type ErasureView = z.infer<typeof ErasureView>;
