import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { type CarePlan, usualSilentAfterMinutes } from '#domain/care-plan.ts';
import type { ClinicianId, PatientId, TeamId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import { byClinician } from './actor.ts';
import { audit, wholly } from './audit.ts';
import { announce } from './changes.ts';
import type { Within } from './connect.ts';
import type { PlanPart } from './database-plans.ts';
import type { JudgedPatient } from './judged-patients.ts';

/**
 * What care teams set for a patient, and for all of theirs. Every change is one transaction with two witnesses: a row of the journal, with
 * what stood before, so that it can be undone; and a row of the audit trail. The judge learns of it by triggers (migration 0019).
 */

/** One part of a care plan, as it is to be. Overrides of one rule; an empty set gives the rule back what the team or the book says. */
export type PlanChange =
  | { part: 'overrides'; rule: string; parameters: Record<string, number> }
  | { part: 'programmes'; programmes: CarePlan['programmes'] }
  | { part: 'expected'; expected: CarePlan['expected'] }
  | { part: 'follow-up'; followUp: CarePlan['followUp'] }
  | { part: 'pause'; pause: CarePlan['pause'] };

/**
 * `forecast`: which one was seen before. `seen`: what stood there when they looked, of a rule without parameters of its own `{}`; undefined
 * where whatever stands there is to go.
 */
export type Signed = { by: ClinicianId; at: string; forecast?: string | null | undefined; seen?: unknown };
export type Change = 'changed' | 'changed-meanwhile';

const isStale = ({ seen }: Signed, stands: unknown): boolean => seen !== undefined && !isDeepStrictEqual(seen, stands);

export async function changePlan(db: Within, patient: Patient, change: PlanChange, signed: Signed): Promise<Change> {
  return wholly(db, async (within) => {
    await within
      .insertInto('care_plan')
      .values({
        patient_id: patient.id,
        overrides: '{}',
        silent_after_minutes: usualSilentAfterMinutes,
        updated_at: signed.at,
        updated_by: signed.by,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    // two people who change two parts at once come one after the other, and both keep theirs
    const plan = await within
      .selectFrom('care_plan')
      .selectAll()
      .where('patient_id', '=', patient.id)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const { before, after, set } = turned(plan, change);
    if (isStale(signed, change.part === 'overrides' ? (before ?? {}) : before)) return 'changed-meanwhile';
    await within
      .updateTable('care_plan')
      .set({ ...set, updated_at: signed.at, updated_by: signed.by })
      .where('patient_id', '=', patient.id)
      .execute();
    const rule = change.part === 'overrides' ? change.rule : null;
    await note(within, { team: patient.team, patient: patient.id, part: change.part, rule, before, after }, signed);
    await announce(within, [{ kind: 'care-plan', team: patient.team, patient: patient.id }]);
    await audit(within, {
      by: byClinician(signed.by),
      action: 'care-plan-changed',
      patient: patient.id,
      detail: { part: change.part, rule, forecast: signed.forecast ?? null },
    });
    return 'changed';
  });
}

type Overrides = CarePlan['overrides'];

function turned(
  plan: { overrides: Overrides; expected: object; programmes: object; follow_up: object; pause: object | null },
  change: PlanChange,
): { before: unknown; after: unknown; set: Record<string, string | null> } {
  switch (change.part) {
    case 'overrides': {
      const before = plan.overrides[change.rule] ?? null;
      const overrides = withParameters(plan.overrides, change.rule, change.parameters);
      return { before, after: overrides[change.rule] ?? null, set: { overrides: JSON.stringify(overrides) } };
    }
    case 'programmes':
      return {
        before: plan.programmes,
        after: change.programmes,
        set: { programmes: JSON.stringify(change.programmes) },
      };
    case 'expected':
      return { before: plan.expected, after: change.expected, set: { expected: JSON.stringify(change.expected) } };
    case 'follow-up':
      return { before: plan.follow_up, after: change.followUp, set: { follow_up: JSON.stringify(change.followUp) } };
    case 'pause':
      return { before: plan.pause, after: change.pause, set: { pause: change.pause && JSON.stringify(change.pause) } };
  }
}

function withParameters(all: Overrides, rule: string, parameters: Record<string, number>): Overrides {
  const { [rule]: _, ...others } = all;
  return Object.keys(parameters).length > 0 ? { ...others, [rule]: parameters } : others;
}

/** What the team sets for all of its patients, by rule and parameter name. */
export async function teamOverrides(db: Within, team: TeamId): Promise<Overrides | undefined> {
  return (await db.selectFrom('care_team').select('overrides').where('id', '=', team).executeTakeFirst())?.overrides;
}

/** The parameters of one rule for a whole team; an empty set gives the rule back its defaults. */
export async function changeTeamParameters(
  db: Within,
  team: TeamId,
  rule: string,
  parameters: Record<string, number>,
  signed: Signed,
): Promise<Change> {
  return wholly(db, async (within) => {
    const { overrides } = await within
      .selectFrom('care_team')
      .select('overrides')
      .where('id', '=', team)
      .forNoKeyUpdate()
      .executeTakeFirstOrThrow();
    if (isStale(signed, overrides[rule] ?? {})) return 'changed-meanwhile';
    const changed = withParameters(overrides, rule, parameters);
    await within
      .updateTable('care_team')
      .set({ overrides: JSON.stringify(changed) })
      .where('id', '=', team)
      .execute();
    const [before, after] = [overrides[rule] ?? null, changed[rule] ?? null];
    await note(within, { team, patient: null, part: 'overrides', rule, before, after }, signed);
    await audit(within, {
      by: byClinician(signed.by),
      action: 'team-parameters-changed',
      detail: { team, rule, forecast: signed.forecast ?? null },
    });
    return 'changed';
  });
}

export type PlanChangeRow = {
  at: string;
  by: ClinicianId;
  part: PlanPart;
  rule: string | null;
  before: unknown;
  after: unknown;
  forecast: string | null;
};

/** The newest first: of a patient, or of the parameters of a team. */
export async function listPlanChanges(
  db: Within,
  of: { patient: PatientId } | { team: TeamId },
  limit: number,
): Promise<PlanChangeRow[]> {
  const rows = db.selectFrom('plan_change').selectAll().orderBy('id', 'desc').limit(limit);
  const found =
    'patient' in of
      ? rows.where('patient_id', '=', of.patient)
      : rows.where('team_id', '=', of.team).where('patient_id', 'is', null);
  return (await found.execute()).map(({ at, by, part, rule, before, after, forecast }) => ({
    ...{ at: at.toISOString(), by, part, rule, before, after, forecast },
  }));
}

type Noted = {
  team: TeamId;
  patient: PatientId | null;
  part: PlanPart;
  rule: string | null;
  before: unknown;
  after: unknown;
};

async function note(db: Within, { team, patient, before, after, ...what }: Noted, signed: Signed): Promise<void> {
  await db
    .insertInto('plan_change')
    .values({
      ...what,
      at: signed.at,
      by: signed.by,
      team_id: team,
      patient_id: patient,
      before: before === null ? null : JSON.stringify(before),
      after: after === null ? null : JSON.stringify(after),
      forecast: signed.forecast ?? null,
    })
    .execute();
}

/** Whose history may be replayed, with what is in force for them now, as if it had always been: of one team; of those named, where any are. */
export async function patientsToReplay(
  db: Within,
  team: TeamId,
  patients: readonly PatientId[],
): Promise<JudgedPatient[]> {
  let found = db
    .selectFrom('patient')
    .innerJoin('care_team', 'care_team.id', 'patient.team_id')
    .leftJoin('care_plan', 'care_plan.patient_id', 'patient.id')
    .select(['patient.id', 'patient.team_id', 'care_team.time_zone', 'care_team.overrides as team_overrides'])
    .select(['care_plan.overrides', 'programmes', 'expected', 'pause', 'silent_after_minutes'])
    .where('patient.team_id', '=', team)
    .where('patient.erased_at', 'is', null)
    .orderBy('patient.id');
  if (patients.length > 0) found = found.where('patient.id', '=', sql<PatientId>`any(${[...patients]}::uuid[])`);
  return (await found.execute()).map((row) => ({
    patient: row.id,
    team: { team: row.team_id, timeZone: row.time_zone, overrides: row.team_overrides },
    plan: {
      programmes: row.programmes ?? [],
      overrides: row.overrides ?? {},
      expected: row.expected ?? [],
      pause: row.pause ?? null,
      silentAfterMinutes: row.silent_after_minutes ?? usualSilentAfterMinutes,
      from: 0,
    },
    memories: new Map(),
    alerts: [],
  }));
}
