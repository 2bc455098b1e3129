import { sql } from 'kysely';
import type { Alert } from '#domain/alert.ts';
import { type CarePlan, usualSilentAfterMinutes } from '#domain/care-plan.ts';
import type { PatientId, TeamId } from '#domain/ids.ts';
import { lockUnresolvedAlerts, unresolvedAlertsOf } from './alerts.ts';
import type { Within } from './connect.ts';
import { memoriesOf } from './rule-memory.ts';

/** What the judge must know of a patient beside readings. Shared by whoever holds it: nobody changes it. */
export type JudgedPatient = {
  patient: PatientId;
  team: JudgedTeam;
  /** `from`: since when it stands as it is, ms since 1970. */
  plan: Pick<CarePlan, 'overrides' | 'programmes' | 'expected' | 'pause' | 'silentAfterMinutes'> & { from: number };
  /** Of rules in which something is going on, by rule, as they were written. */
  memories: ReadonlyMap<string, unknown>;
  /** Unresolved ones. */
  alerts: readonly Alert[];
};

export type JudgedTeam = { team: TeamId; timeZone: string; overrides: CarePlan['overrides'] };

/** Those of these patients who are there and were not erased. */
export async function findJudgedPatients(db: Within, patients: readonly PatientId[]): Promise<JudgedPatient[]> {
  if (patients.length === 0) return [];
  return complete(db, await rowsOf(db, patients).execute(), unresolvedAlertsOf);
}

/**
 * The same, with patients and their unresolved alerts locked for the rest of the transaction, always in the same order: two judgements of one patient
 * come one after the other. The lock does not hinder who only refers to the patient.
 */
export async function lockJudgedPatients(db: Within, patients: readonly PatientId[]): Promise<JudgedPatient[]> {
  if (patients.length === 0) return [];
  // what is read afterwards holds whatever was committed while we waited for the lock
  const locked = await rowsOf(db, patients).forNoKeyUpdate('patient').execute();
  return complete(db, locked, lockUnresolvedAlerts);
}

const rowsOf = (db: Within, patients: readonly PatientId[]) =>
  db
    .selectFrom('patient')
    .innerJoin('care_team', 'care_team.id', 'patient.team_id')
    .select(['patient.id', 'patient.team_id', 'care_team.time_zone', 'care_team.overrides'])
    .where('patient.id', '=', sql<PatientId>`any(${[...patients]}::uuid[])`)
    .where('patient.erased_at', 'is', null)
    .orderBy('patient.id');

async function complete(
  db: Within,
  rows: Awaited<ReturnType<ReturnType<typeof rowsOf>['execute']>>,
  alertsOf: (db: Within, patients: readonly PatientId[]) => Promise<Alert[]>,
): Promise<JudgedPatient[]> {
  const ids = rows.map(({ id }) => id);
  const alerts = Map.groupBy(await alertsOf(db, ids), ({ patient }) => patient);
  const memories = await memoriesOf(db, ids);
  const plans = await db
    .selectFrom('care_plan')
    .select(['patient_id', 'overrides', 'programmes', 'expected', 'pause', 'silent_after_minutes', 'updated_at'])
    .where('patient_id', '=', sql<PatientId>`any(${ids}::uuid[])`)
    .execute();
  const planOf = new Map(
    plans.map(({ patient_id, updated_at, silent_after_minutes, ...plan }) => [
      patient_id,
      { ...plan, silentAfterMinutes: silent_after_minutes, from: updated_at.getTime() },
    ]),
  );
  const teams = new Map<TeamId, JudgedTeam>();
  return rows.map(({ id, team_id, time_zone, overrides }) => {
    const team = teams.get(team_id) ?? { team: team_id, timeZone: time_zone, overrides };
    teams.set(team_id, team);
    return {
      patient: id,
      team,
      plan: planOf.get(id) ?? noPlan,
      memories: memories.get(id) ?? noMemories,
      alerts: alerts.get(id) ?? noAlerts,
    };
  });
}

// most patients have none of these: a million of them share one
const noPlan: JudgedPatient['plan'] = {
  overrides: {},
  programmes: [],
  expected: [],
  pause: null,
  silentAfterMinutes: usualSilentAfterMinutes,
  from: 0,
};
const noMemories: JudgedPatient['memories'] = new Map();
const noAlerts: JudgedPatient['alerts'] = [];
