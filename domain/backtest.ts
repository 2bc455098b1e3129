import { z } from 'zod';
import { Severity } from './alert.ts';
import { PatientId, TeamId } from './ids.ts';
import { Words } from './words.ts';

/**
 * A backtest: stored history judged once more by the very rules that judge live, with the parameters in force today and, where a change
 * is proposed, with that change. What it answers is what a care team asks before it changes a limit: how many alerts and calls, at which
 * hours, and which episodes would have come or gone.
 */

/** Parameters by rule and parameter name. */
export const ParameterSet = z.record(z.string().max(64), z.record(z.string().max(64), z.number()));
export type ParameterSet = z.infer<typeof ParameterSet>;

/**
 * People as the replay assumes them, for what they would have done is unknown: an alert is acknowledged so long after it called or, where it
 * called nobody, after it was opened, and closed by a person so long after the last evidence of its trouble. Null: never.
 */
export const PeopleModel = z.object({
  acknowledgeAfterMinutes: z.int().min(0).max(10_080).nullable(),
  closeAfterHours: z.int().min(1).max(2_160).nullable(),
});
export type PeopleModel = z.infer<typeof PeopleModel>;

/** A quarter of an hour to acknowledge, a day to close: what teams of our size aim at. */
export const usualPeople: PeopleModel = { acknowledgeAfterMinutes: 15, closeAfterHours: 24 };

/** One episode as the replay saw it. */
export const ReplayedEpisode = z.object({
  patient: PatientId,
  problem: z.string(),
  /** That opened it. */
  rule: z.string(),
  /** The gravest it came to. */
  severity: Severity,
  openedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** `cleared`: by itself. `closed`: by a person, as the model has it. Null: open when the history ended. */
  end: z.enum(['cleared', 'closed']).nullable(),
  /** How often the people on call were called: at its opening, and again when it became graver or was confirmed anew. */
  calls: z.int(),
});
export type ReplayedEpisode = z.infer<typeof ReplayedEpisode>;

const Minutes = z.object({ median: z.number(), greatest: z.number() });

/**
 * Against dangers that are known from elsewhere, as a simulated cohort knows them (domain/cohort-file.ts). `detectable`: enough readings told of them.
 * Minutes are of those found; null where none was. `needless`: the part of its alerts that lie in no such danger, 0 to 1.
 */
export const Detection = z.object({
  events: z.int(),
  detectable: z.int(),
  found: z.int(),
  sensitivity: z.number().nullable(),
  fromOnsetMinutes: Minutes.nullable(),
  fromDetectableMinutes: Minutes.nullable(),
  needless: z.number().nullable(),
});
export type Detection = z.infer<typeof Detection>;

/** What a rule asks of a care team over the time looked at. */
export const Burden = z.object({
  alerts: z.int(),
  alertsPerPatientWeek: z.number(),
  calls: z.int(),
  callsPerPatientWeek: z.number(),
  /** By hour of the care team's day, 0 to 23. */
  callsByHour: z.array(z.int()).length(24),
  /** By weeks of the time looked at; the last may be shorter. */
  alertsByWeek: z.array(z.int()),
  /** The part of its alerts that cleared by themselves, 0 to 1; null without alerts. */
  clearedShare: z.number().nullable(),
  /** Null where nothing is known to compare with. */
  truth: Detection.nullable(),
});
export type Burden = z.infer<typeof Burden>;

export const RuleBurden = z.object({
  rule: z.string(),
  version: z.int(),
  problem: z.string(),
  title: Words,
  severity: Severity,
  today: Burden,
  proposed: Burden.nullable(),
});
export type RuleBurden = z.infer<typeof RuleBurden>;

/** Episodes a report names one by one; beyond that they are counted only. */
export const episodesAtMost = 200;

export const BacktestReport = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  patients: z.int(),
  patientWeeks: z.number(),
  readings: z.int(),
  people: PeopleModel,
  proposal: ParameterSet.nullable(),
  /** The proposal in words, a line for each parameter. */
  changes: z.array(Words),
  rules: z.array(RuleBurden),
  /** All of these rules together. */
  all: z.object({ today: Burden, proposed: Burden.nullable() }),
  /** Episodes that would have come, and that would not have: the gravest first, at most `episodesAtMost`. */
  appeared: z.object({ count: z.int(), episodes: z.array(ReplayedEpisode) }),
  vanished: z.object({ count: z.int(), episodes: z.array(ReplayedEpisode) }),
});
export type BacktestReport = z.infer<typeof BacktestReport>;

export const backtestKinds = ['backtest', 'plan-forecast', 'team-forecast'] as const;
export const BacktestKind = z.enum(backtestKinds);
export type BacktestKind = z.infer<typeof BacktestKind>;

/**
 * `rules`, `patients`: empty means all. `set`: the proposal. In a plan's forecast it takes the place of what the plan sets for these rules, in a
 * team's of what the team sets; in a backtest it goes over what the team sets. A patient's own plan always goes before its team.
 */
export const BacktestWish = z.object({
  rules: z.array(z.string().max(64)).max(200),
  patients: z.array(PatientId).max(5_000),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  set: ParameterSet.nullable(),
  people: PeopleModel,
});
export type BacktestWish = z.infer<typeof BacktestWish>;

export const backtestStates = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const;
export const BacktestState = z.enum(backtestStates);
export type BacktestState = z.infer<typeof BacktestState>;

/** `too-large`: it needed more memory than it is given. `history-away`: the readings could not be read. `fault`: see the log. */
export const backtestFaults = ['too-large', 'history-away', 'fault'] as const;
export const BacktestFault = z.enum(backtestFaults);
export type BacktestFault = z.infer<typeof BacktestFault>;

export const Backtest = z.object({
  id: z.uuid(),
  kind: BacktestKind,
  team: TeamId,
  /** Whose plan a plan's forecast is about. */
  patient: PatientId.nullable(),
  wish: BacktestWish,
  state: BacktestState,
  /** 0 to 1. */
  progress: z.number(),
  askedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  fault: BacktestFault.nullable(),
  report: BacktestReport.nullable(),
});
export type Backtest = z.infer<typeof Backtest>;

/** How far back a forecast looks. */
export const forecastDays = 90;
/** A year, and a day for those that have 366. */
export const spanDaysAtMost = 367;
