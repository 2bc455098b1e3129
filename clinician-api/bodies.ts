import { z } from 'zod';
import { ErasureReason, quarantineReasons } from '#domain/administration.ts';
import { Outcome, snoozeAtLeastMinutes, snoozeAtMostMinutes } from '#domain/alert.ts';
import { RevocationReason } from '#domain/homes.ts';
import { AlertId, ClinicianId, DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import { checklistAtMost, TaskKind, TaskOutcome } from '#domain/task.ts';
import { storableText } from '#runtime/records/storable.ts';
import { contactBodies } from './contact-bodies.ts';

/** What callers may send. Strict: a field too many is a misunderstanding, and is told. */

const words = (most: number) => z.string().max(most).transform(storableText).pipe(z.string().trim());
const Note = words(2_000).optional();

export const SignIn = z.strictObject({
  email: z.string().min(1).max(254),
  // long enough for any passphrase, short enough that hashing costs nothing extra
  password: z.string().min(1).max(256),
});

/** The `raisedAt` of the alert as the caller saw it: a call that came since is not answered by this. */
const raisedAt = z.iso.datetime().optional();
export const Acknowledge = z.strictObject({ note: Note, raisedAt });
export const Resolve = z.strictObject({ outcome: Outcome, note: Note, raisedAt });
export const HandOver = z.strictObject({ to: ClinicianId, note: Note });
export const SnoozeAlert = z.strictObject({
  minutes: z
    .int()
    .min(snoozeAtLeastMinutes)
    .max(Math.max(...Object.values(snoozeAtMostMinutes))),
  note: Note,
  raisedAt,
});

const Text = (most: number) => words(most).pipe(z.string().min(1));
/** `outcome`: one of those of the task's kind. */
export const CompleteTask = z.strictObject({ outcome: TaskOutcome, result: Text(2_000) });
export const HandOverTask = z.strictObject({ to: ClinicianId });
export const MoveTask = z.strictObject({ dueAt: z.iso.datetime(), reason: Text(500) });
export const TickTask = z.strictObject({
  item: z
    .int()
    .min(0)
    .max(checklistAtMost - 1),
  done: z.boolean(),
});
export const AddTask = z.strictObject({
  kind: TaskKind,
  title: Text(200),
  role: z.enum(['nurse', 'doctor']),
  dueAt: z.iso.datetime(),
  owner: ClinicianId.nullable().default(null),
  checklist: z.array(Text(200)).max(checklistAtMost).default([]),
  alert: AlertId.nullable().default(null),
});

/** What a care team may ask of a home. */
export const MeasureAgain = z.strictObject({ command: z.literal('measure-again'), device: DeviceId });

/** For what needs no words. */
export const Nothing = z.strictObject({});

export const AddSource = z.strictObject({
  kind: z.enum(['gateway', 'device']),
  /** A name of one's own; else one is made that can be read out. */
  id: SourceId.optional(),
});
export const Revoke = z.strictObject({ reason: RevocationReason });
export const RegisterDevice = z.strictObject({
  /** What the device is called. */
  model: words(64).optional(),
  /** Also where it is registered with another source. */
  move: z.boolean().default(false),
});
export const Assign = z.strictObject({
  device: DeviceId,
  /** Through which it comes. */
  source: SourceId.optional(),
  patient: PatientId,
  userSlot: z.int().min(0).max(254).nullable().default(null),
  /** Now, where it is not said. */
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().nullable().default(null),
});
/** `at`: now, where it is not said. */
export const EndAssignment = z.strictObject({ at: z.iso.datetime().optional() });

/** Either one item by its key, or all that wait and fit. */
export const ReleaseQuarantine = z.union([
  z.strictObject({ key: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({
    source: SourceId,
    device: DeviceId.optional(),
    reason: z.enum(quarantineReasons).optional(),
  }),
]);
/** `confirm`: the patient's id once more, so that no single click does it. */
export const AskErasure = z.strictObject({
  patient: PatientId,
  confirm: PatientId,
  reason: ErasureReason,
  keepUntil: z.iso.datetime().nullable().default(null),
});

export const bodies = {
  ...contactBodies,
  ...{ HandOver, SnoozeAlert, HandOverTask, MoveTask, TickTask, AddTask },
  ...{ SignIn, Acknowledge, Resolve, CompleteTask, MeasureAgain },
  ...{ Nothing, AddSource, Revoke, RegisterDevice, Assign, EndAssignment, ReleaseQuarantine, AskErasure },
};
