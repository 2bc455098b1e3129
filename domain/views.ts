import { z } from 'zod';
import { Alert, Severity } from './alert.ts';
import { AlertClock } from './alert-clock.ts';
import { CarePlan, Pause } from './care-plan.ts';
import { StatusMessage } from './downward.ts';
import { AlertId, ClinicianId, DeviceId, ReadingId, SourceId, TaskId } from './ids.ts';
import { CareTeam, Clinician, Patient } from './people.ts';
import { Decimals, Mark, StoredReading } from './reading.ts';
import { RuleEntry } from './rule-book.ts';
import { deviceTroubles, sourceTroubles } from './standing.ts';
import { Task } from './task.ts';
import { panelNames, vitalNames } from './vitals.ts';
import { Words } from './words.ts';

/** What care teams see: the answers of the API, from which OpenAPI and the console's types derive. */

export const SessionView = z.object({
  clinician: Clinician,
  teams: z.array(CareTeam),
  expiresAt: z.iso.datetime(),
  /** True where simulated homes are attached: the console says so, and shows the mail catch-all. */
  neighbourhood: z.boolean(),
  /** Where readings are kept, so that nobody takes the fallback for the real store. */
  vitalsStore: z.enum(['influxdb', 'postgresql']),
});
export type SessionView = z.infer<typeof SessionView>;

export const LatestValue = z.object({
  vital: z.enum(vitalNames),
  panel: z.enum(panelNames),
  value: z.number(),
  /** As in a reading's value. */
  decimals: Decimals.optional(),
  takenAt: z.iso.datetime(),
  heardAt: z.iso.datetime(),
  storedAt: z.iso.datetime(),
  reading: ReadingId,
  device: DeviceId,
  marks: z.array(Mark),
});
export type LatestValue = z.infer<typeof LatestValue>;

export const PatientSummary = Patient.extend({ age: z.int() });
export type PatientSummary = z.infer<typeof PatientSummary>;

/** Why a patient stands where they stand in the worklist; the first reason is the gravest. `since` is when it began. */
export const Reason = z.object({
  kind: z.enum(['alert', 'task-overdue', 'silent', 'task-due', 'never-measured']),
  severity: Severity,
  since: z.iso.datetime(),
  title: Words,
  alert: AlertId.optional(),
  task: TaskId.optional(),
  /** For alerts: somebody is on it. */
  acknowledged: z.boolean().optional(),
});
export type Reason = z.infer<typeof Reason>;

export const WorklistEntry = z.object({
  patient: PatientSummary,
  reasons: z.array(Reason),
  latest: z.array(LatestValue),
  lastTakenAt: z.iso.datetime().nullable(),
  silent: z.boolean(),
  /** The pause that holds now: who is away is missed by nobody. */
  pause: Pause.nullable(),
});
export type WorklistEntry = z.infer<typeof WorklistEntry>;

export const Worklist = z.object({ at: z.iso.datetime(), entries: z.array(WorklistEntry) });
export type Worklist = z.infer<typeof Worklist>;

export const PersonRef = z.object({ id: ClinicianId, name: Words });
export type PersonRef = z.infer<typeof PersonRef>;

/**
 * A request to measure again, and what became of it. `waiting`: not sent yet, its source is away. `sent`: not answered yet.
 * `too-late`: with the reason `not-reached`, `no-answer` or `not-theirs` (the device had moved) it came to nothing. `by`: null where a rule asked.
 */
export const AskedView = z.object({
  id: z.uuid(),
  askedAt: z.iso.datetime(),
  /** To be done before. */
  until: z.iso.datetime(),
  by: PersonRef.nullable(),
  state: z.enum(['waiting', 'sent', 'done', 'refused', 'too-late']),
  sentAt: z.iso.datetime().nullable(),
  answeredAt: z.iso.datetime().nullable(),
  reason: z.string().nullable(),
});
export type AskedView = z.infer<typeof AskedView>;

/** A device that a patient has now, and the source that speaks for it. */
export const DeviceView = z.object({
  device: DeviceId,
  model: z.string().nullable(),
  userSlot: z.int().nullable(),
  /** Its last advertisement, word or reading that reached a source. */
  heardAt: z.iso.datetime().nullable(),
  /** Percent. */
  battery: z.int().nullable(),
  /** dBm at the gateway. */
  rssi: z.int().nullable(),
  /** How far its clock is ahead of the gateway's, which corrects for it. */
  clockOffsetMs: z.int().nullable(),
  troubles: z.array(z.enum(deviceTroubles)),
  /** What its gateway cannot do with it, in the gateway's word. */
  trouble: z.string().nullable(),
  source: SourceId,
  sourceKind: z.enum(['gateway', 'device']),
  sourceState: z.enum(['online', 'offline', 'unknown']),
  sourceStateAt: z.iso.datetime().nullable(),
  /** How far the source's clock is ahead of ours. */
  sourceClockOffsetMs: z.int().nullable(),
  sourceTroubles: z.array(z.enum(sourceTroubles)),
  asked: AskedView.nullable(),
});
export type DeviceView = z.infer<typeof DeviceView>;

/** A gateway, or a device that speaks MQTT itself. `status`: its own words; an offline source's are the last it said. */
export const SourceView = z.object({
  id: SourceId,
  kind: z.enum(['gateway', 'device']),
  createdAt: z.iso.datetime(),
  /** Null until it was given a credential. */
  enrolledAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  /** What it signs in with; null where nothing is in force. */
  credential: z.enum(['certificate', 'token']).nullable(),
  /** When the last certificate in force ends. */
  certificateEndsAt: z.iso.datetime().nullable(),
  /** Until when a code waits to be used. */
  codeUntil: z.iso.datetime().nullable(),
  /** How many devices are registered with it. */
  devices: z.int(),
  state: z.enum(['online', 'offline', 'unknown']),
  stateAt: z.iso.datetime().nullable(),
  troubles: z.array(z.enum(sourceTroubles)),
  status: StatusMessage.nullable(),
});
export type SourceView = z.infer<typeof SourceView>;

export const PatientView = z.object({
  patient: PatientSummary,
  carePlan: CarePlan,
  /** Every rule, with the parameters in force for this patient. */
  rules: z.array(RuleEntry.extend({ inForce: z.record(z.string(), z.number()) })),
  latest: z.array(LatestValue),
  lastTakenAt: z.iso.datetime().nullable(),
  silent: z.boolean(),
  devices: z.array(DeviceView),
});
export type PatientView = z.infer<typeof PatientView>;

export const ReadingsView = z.discriminatedUnion('resolution', [
  z.object({
    resolution: z.literal('raw'),
    panel: z.enum(panelNames),
    /** Newest first. */
    readings: z.array(StoredReading),
    /** True when `limit` cut off older ones. */
    more: z.boolean(),
  }),
  z.object({
    resolution: z.literal('windows'),
    panel: z.enum(panelNames),
    windowMs: z.int().positive(),
    windows: z.array(
      z.object({
        from: z.iso.datetime(),
        values: z.partialRecord(
          z.enum(vitalNames),
          z.object({ mean: z.number(), min: z.number(), max: z.number(), count: z.int() }),
        ),
      }),
    ),
  }),
]);
export type ReadingsView = z.infer<typeof ReadingsView>;

export const AlertView = Alert.extend({
  patientName: Words,
  patientAge: z.int(),
  acknowledgedByName: Words.nullable(),
  /** Who gave it to those who have it in hand; null where nobody did. */
  handedOverByName: Words.nullable(),
  resolvedByName: Words.nullable(),
});
export type AlertView = z.infer<typeof AlertView>;

export const PageView = z.object({
  step: z.int(),
  channel: z.string(),
  recipient: PersonRef,
  state: z.enum(['due', 'sent', 'failed', 'cancelled']),
  dueAt: z.iso.datetime(),
  sentAt: z.iso.datetime().nullable(),
  attempts: z.int(),
});
export type PageView = z.infer<typeof PageView>;

export const TaskView = Task.extend({
  patientName: Words,
  patientAge: z.int(),
  ownerName: Words.nullable(),
  createdByName: Words.nullable(),
  doneByName: Words.nullable(),
  overdue: z.boolean(),
});
export type TaskView = z.infer<typeof TaskView>;

/** `clock`: the way of the latest call, from the measurement that decided it to the acknowledgement. */
export const AlertDetail = z.object({
  alert: AlertView,
  events: z.array(
    z.object({
      at: z.iso.datetime(),
      kind: z.string(),
      actor: PersonRef.nullable(),
      note: z.string().nullable(),
      /** Who has it now, where it was handed over. */
      to: PersonRef.nullable(),
      /** Until when, where it was snoozed. */
      until: z.iso.datetime().nullable(),
    }),
  ),
  pages: z.array(PageView),
  tasks: z.array(TaskView),
  /** Whom the escalation calls next, and when, unless somebody acknowledges; null when it calls nobody any more. */
  nextCall: z.object({ at: z.iso.datetime(), recipients: z.array(PersonRef) }).nullable(),
  clock: AlertClock,
});
export type AlertDetail = z.infer<typeof AlertDetail>;

/** One message of the neighbourhood's mail catch-all: a JSON file in MAILBOX_DIR, named by its id. */
export const Mail = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  from: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  text: z.string(),
});
export type Mail = z.infer<typeof Mail>;

/**
 * RFC 9457. `code` is a kebab-case word to program against; `detail` is for people and holds no health value and no name.
 * `by` and `at` stand in conflicts: which colleague was first, and when.
 */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  by: PersonRef.optional(),
  at: z.iso.datetime().optional(),
});
export type Problem = z.infer<typeof Problem>;
