import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Refusal } from '#domain/admission.ts';
import type { AlertState, Escalation, Evidence, Outcome, Severity, Snooze, Standing } from '#domain/alert.ts';
import type { Expectation, FollowUp, Pause, Programme } from '#domain/care-plan.ts';
import type { ContactKind, ContactPointId, Quiet } from '#domain/contact.ts';
import type { Command, CommandAnswer, StatusMessage } from '#domain/downward.ts';
import type { Policies } from '#domain/escalation.ts';
import type {
  AlertId,
  ClinicianId,
  DeviceId,
  PageId,
  PatientId,
  ReadingId,
  SourceId,
  TaskId,
  TeamId,
} from '#domain/ids.ts';
import type { Role } from '#domain/people.ts';
import type { PlatformTrouble } from '#domain/platform.ts';
import type { Mark, StoredReading } from '#domain/reading.ts';
import type { RuleEntry } from '#domain/rule-book.ts';
import type { ChecklistItem, TaskKind, TaskOutcome } from '#domain/task.ts';
import type { PanelName, VitalName } from '#domain/vitals.ts';
import type { Language, Words } from '#domain/words.ts';
import type { Rollup, RollupPeriod } from '../vitals-store.ts';
import type { Actor } from './actor.ts';
import type { PlanTables } from './database-plans.ts';
import type { RotaTables } from './database-rota.ts';
import type { ErasedParts } from './erasures.ts';
import type { FirstHearing } from './first-hearings.ts';

/** The tables as Kysely sees them; the truth is in migrations/. Times come out as Date and go in as Date or RFC 3339. */

type Time = ColumnType<Date, Date | string, Date | string>;
type MaybeTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
/** The database's own: of the auditor's canary, which is nobody. */
type IsCanary = ColumnType<boolean, never, never>;
type MaybeActor = ColumnType<Actor | null, Actor | null | undefined, Actor | null>;
/** jsonb: comes out parsed, goes in as JSON text. */
type Json<T extends object | null> = JSONColumnType<T>;
type MaybeJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface Database extends PlanTables, RotaTables {
  /** `seq`, `prev` and `hash` are the database's own, see audit.ts. */
  audit: {
    seq: ColumnType<string, never, never>;
    at: ColumnType<Date, never, never>;
    actor: string;
    action: string;
    outcome: string;
    source_id: SourceId | null;
    device_id: DeviceId | null;
    patient_id: PatientId | null;
    address: string | null;
    detail: ColumnType<object, string, never>;
    prev: ColumnType<string, never, never>;
    hash: ColumnType<string, never, never>;
  };
  care_team: {
    id: TeamId;
    name: Json<Words>;
    time_zone: string;
    policies: Json<Policies>;
    policies_version: ColumnType<number, number | undefined, number>;
    policies_updated_at: MaybeTime;
    policies_updated_by: ColumnType<ClinicianId | null, ClinicianId | null | undefined, ClinicianId | null>;
    /** Parameters of rules as this team wants them, by rule and parameter name. */
    overrides: ColumnType<Record<string, Record<string, number>>, string | undefined, string>;
    canary: IsCanary;
  };
  clinician: {
    id: ClinicianId;
    email: string;
    name: Json<Words>;
    role: Role;
    language: Language;
    password_hash: string;
    disabled_at: MaybeTime;
    canary: IsCanary;
  };
  team_member: { team_id: TeamId; clinician_id: ClinicianId };
  session: { token_hash: string; clinician_id: ClinicianId; created_at: Time; seen_at: Time; expires_at: Time };
  patient: {
    id: PatientId;
    team_id: TeamId;
    name: Json<Words>;
    /** `YYYY-MM-DD`: the date parser of `pg` is switched off, see connect.ts. */
    birth_date: string;
    sex: 'female' | 'male' | 'other' | 'unknown';
    conditions: Json<Words[]>;
    created_at: ColumnType<Date, Date | string | undefined, never>;
    created_by: MaybeActor;
    erased_at: MaybeTime;
    canary: IsCanary;
  };
  care_plan: {
    patient_id: PatientId;
    overrides: Json<Record<string, Record<string, number>>>;
    programmes: ColumnType<Programme[], string | undefined, string>;
    expected: ColumnType<Expectation[], string | undefined, string>;
    follow_up: ColumnType<FollowUp[], string | undefined, string>;
    pause: MaybeJson<Pause>;
    silent_after_minutes: number;
    updated_at: ColumnType<Date, Date | string | undefined, Date | string>;
    updated_by: ClinicianId | null;
  };
  source: {
    id: SourceId;
    kind: 'gateway' | 'device';
    shard: number;
    /** Null until it is enrolled. */
    secret_hash: ColumnType<string | null, string | null | undefined, string | null>;
    created_at: ColumnType<Date, Date | string | undefined, never>;
    created_by: MaybeActor;
    enrolled_at: MaybeTime;
    key_fingerprint: ColumnType<string | null, string | null | undefined, string | null>;
    revoked_at: MaybeTime;
    revoked_by: MaybeActor;
    status: MaybeJson<StatusMessage>;
    status_at: MaybeTime;
    canary: IsCanary;
  };
  source_certificate: {
    fingerprint: string;
    source_id: SourceId;
    serial: string;
    key_fingerprint: string;
    issued_at: Time;
    not_after: Time;
    revoked_at: MaybeTime;
  };
  device: {
    id: DeviceId;
    source_id: SourceId;
    model: string | null;
    registered_at: ColumnType<Date, Date | string | undefined, never>;
    registered_by: MaybeActor;
  };
  assignment: {
    id: string;
    device_id: DeviceId;
    user_slot: number | null;
    patient_id: PatientId;
    from_at: Time;
    to_at: MaybeTime;
    created_at: ColumnType<Date | null, never, never>;
    created_by: MaybeActor;
    ended_by: MaybeActor;
  };
  enrolment_code: {
    code_hash: string;
    source_id: SourceId;
    created_at: Time;
    created_by: Actor;
    expires_at: Time;
    used_at: MaybeTime;
    key_fingerprint: string | null;
  };
  command: {
    id: string;
    source_id: SourceId;
    body: Json<Command>;
    device_id: DeviceId | null;
    patient_id: PatientId | null;
    created_at: Time;
    created_by: Actor;
    by_at: Time;
    send_at: Time;
    sent_at: MaybeTime;
    sends: Generated<number>;
    answered_at: MaybeTime;
    closed_at: MaybeTime;
    outcome: CommandAnswer['outcome'] | null;
    reason: string | null;
  };
  latest_value: {
    patient_id: PatientId;
    vital: VitalName;
    panel: PanelName;
    value: number;
    decimals: number | null;
    taken_at: Time;
    heard_at: Time;
    stored_at: Time;
    reading_id: ReadingId;
    device_id: DeviceId;
    marks: Json<Mark[]>;
  };
  quarantine: {
    key: string;
    source_id: SourceId;
    received_at: Time;
    reason: Refusal | 'refused-by-store';
    detail: string;
    ref: string | null;
    payload: Buffer;
    device_id: DeviceId | null;
    panel: PanelName | null;
    taken_at: MaybeTime;
    readings: number;
    bytes: ColumnType<number, never, never>;
    released_at: MaybeTime;
    released_by: MaybeActor;
    recorded_at: MaybeTime;
    judged_at: MaybeTime;
  };
  quarantine_account: { source_id: SourceId; items: string; bytes: string; given_up: Generated<string> };
  registration_state: { one: Generated<boolean>; changed_in: string };
  /** The vitals store where there is no InfluxDB; `at_ns` comes out as text, being beyond a number. */
  vitals_reading: {
    patient_id: PatientId;
    panel: PanelName;
    at_ns: ColumnType<string, string, never>;
    reading_id: ReadingId;
    vitals: Json<Partial<Record<VitalName, number>>>;
    reading: Json<StoredReading>;
  };
  vitals_rollup: {
    patient_id: PatientId;
    panel: PanelName;
    period: RollupPeriod;
    from_ms: ColumnType<string, number, never>;
    to_ms: ColumnType<string, number, number>;
    vitals: Json<Rollup['values']>;
  };
  rollup_due: { patient_id: PatientId; panel: PanelName; hour: number; taken: boolean; marked_at: Time };
  erasure: {
    patient_id: PatientId;
    asked_at: Time;
    asked_by: Actor;
    reason: string;
    keep_until: MaybeTime;
    parts: ColumnType<ErasedParts, string | undefined, string>;
    first_pass_at: MaybeTime;
    reopened_at: MaybeTime;
    done_at: MaybeTime;
  };
  first_hearing: {
    reading_id: ReadingId;
    hearing: Json<FirstHearing>;
    remembered_at: ColumnType<Date, Date | string | undefined, never>;
  };
  platform_component: {
    process: string;
    component: string;
    state: 'ok' | 'degraded' | 'down';
    trouble: PlatformTrouble | null;
    detail: string | null;
    at: Time;
  };
  platform_alert: {
    id: string;
    process: string;
    component: string;
    trouble: PlatformTrouble;
    state: 'degraded' | 'down';
    detail: string | null;
    since: Time;
    opened_at: Time;
    closed_at: MaybeTime;
    mailed_at: MaybeTime;
  };
  rule_book: { rule: string; entry: Json<RuleEntry> };
  rule_memory: { patient_id: PatientId; rule: string; memory: Json<object> };
  alert: {
    id: AlertId;
    patient_id: PatientId;
    team_id: TeamId;
    rule: string;
    problem: string;
    rule_version: number;
    parameters: Json<Record<string, number>>;
    severity: Severity;
    state: AlertState;
    title: Json<Words>;
    explanation: Json<Words>;
    evidence: Json<Evidence[]>;
    escalation: MaybeJson<Escalation>;
    opened_at: Time;
    raised_at: Time;
    standing: ColumnType<Record<string, Standing>, string | undefined, string>;
    recovered_at: MaybeTime;
    acknowledged_at: MaybeTime;
    acknowledged_by: ClinicianId | null;
    snooze: MaybeJson<Snooze>;
    resolved_at: MaybeTime;
    resolved_by: ClinicianId | null;
    outcome: Outcome | null;
    note: string | null;
  };
  alert_event: {
    id: Generated<string>;
    alert_id: AlertId;
    at: Time;
    kind: string;
    actor: ClinicianId | null;
    note: string | null;
    detail: ColumnType<object, string | undefined, string>;
  };
  task: {
    id: TaskId;
    patient_id: PatientId;
    team_id: TeamId;
    alert_id: AlertId | null;
    kind: TaskKind;
    title: Json<Words>;
    role: Role;
    owner: ClinicianId | null;
    checklist: ColumnType<ChecklistItem[], string | undefined, string>;
    due_at: Time;
    created_at: Time;
    created_by: ClinicianId | null;
    /** Which call of its alert asked for it. */
    raised_at: MaybeTime;
    follow_up: string | null;
    /** `YYYY-MM-DD` */
    follow_up_on: string | null;
    done_at: MaybeTime;
    done_by: ClinicianId | null;
    outcome: TaskOutcome | null;
    result: string | null;
  };
  task_event: {
    id: Generated<string>;
    task_id: TaskId;
    at: Time;
    kind: string;
    actor: ClinicianId | null;
    note: string | null;
    detail: ColumnType<object, string | undefined, string>;
  };
  page: {
    id: PageId;
    alert_id: AlertId;
    step: number;
    channel: string;
    recipient: ClinicianId;
    created_at: Time;
    due_at: Time;
    state: 'due' | 'sent' | 'failed' | 'cancelled';
    attempts: Generated<number>;
    last_attempt_at: MaybeTime;
    sent_at: MaybeTime;
    fault: string | null;
    message: ColumnType<string | null, string | undefined, string>;
    base: Generated<number>;
  };
  contact_point: {
    id: ContactPointId;
    clinician_id: ClinicianId;
    kind: ContactKind;
    address: string;
    label: string | null;
    confidential: Generated<boolean>;
    quiet: MaybeJson<Quiet>;
    created_at: Time;
    verified_at: MaybeTime;
    code_hash: string | null;
    code_expires_at: MaybeTime;
    code_tries: Generated<number>;
    sent_at: MaybeTime;
    fault: string | null;
    gone_at: MaybeTime;
    removed_at: MaybeTime;
  };
  page_channel: {
    name: string;
    reaches: ContactKind | 'group' | 'system';
    confidential: boolean;
    public_key: string | null;
  };
  agenda: {
    key: string;
    kind: string;
    subject: string;
    step: Generated<number>;
    due_at: Time;
    done_at: MaybeTime;
    attempts: Generated<number>;
    fault: string | null;
  };
}
