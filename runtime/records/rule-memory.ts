import { sql } from 'kysely';
import type { PatientId, TeamId } from '#domain/ids.ts';
import type { Within } from './connect.ts';

/** What rules remember of a patient, and what they must know to judge. */
export type JudgedPatient = {
  patient: PatientId;
  team: TeamId;
  timeZone: string;
  /** The care plan's parameters, by rule and parameter name. */
  overrides: Record<string, Record<string, number>>;
  /** By rule. */
  memories: Map<string, unknown>;
};

/**
 * Locked for the rest of the transaction, always in the same order: two judgements of one patient come one after the other. The
 * lock does not hinder who only refers to the patient.
 */
export async function lockForJudgement(
  db: Within,
  patients: readonly PatientId[],
  kept: KeptMemories = new Map(),
): Promise<JudgedPatient[]> {
  if (patients.length === 0) return [];
  const rows = await db
    .selectFrom('patient')
    .innerJoin('care_team', 'care_team.id', 'patient.team_id')
    .select(['patient.id', 'patient.team_id', 'care_team.time_zone'])
    .where('patient.id', '=', anyOf(patients))
    .where('patient.erased_at', 'is', null)
    .orderBy('patient.id')
    .forNoKeyUpdate('patient')
    .execute();
  const plans = await db
    .selectFrom('care_plan')
    .select(['patient_id', 'overrides'])
    .where('patient_id', '=', anyOf(patients))
    .execute();
  const overrides = new Map(plans.map((plan) => [plan.patient_id, plan.overrides]));
  const memories = await memoriesOf(
    db,
    rows.map(({ id }) => id),
    kept,
  );
  return rows.map((row) => ({
    patient: row.id,
    team: row.team_id,
    timeZone: row.time_zone,
    overrides: overrides.get(row.id) ?? {},
    memories: memories.get(row.id) ?? new Map(),
  }));
}

/**
 * Memories as this process wrote or read them last, by patient and rule. `version` tells whether they are still what the database holds: the
 * transaction that wrote the row, of which there is one for each version.
 */
export type KeptMemories = Map<string, { version: string; memory: object }>;
const keptAtMost = 1_000;

async function memoriesOf(
  db: Within,
  patients: readonly PatientId[],
  kept: KeptMemories,
): Promise<Map<PatientId, Map<string, object>>> {
  const memories = new Map<PatientId, Map<string, object>>();
  const place = (patient: PatientId, rule: string, memory: object) => {
    const ofPatient = memories.get(patient) ?? new Map<string, object>();
    memories.set(patient, ofPatient.set(rule, memory));
  };
  const versions = await db
    .selectFrom('rule_memory')
    .select(['patient_id', 'rule', sql<string>`xmin::text`.as('version')])
    .where('patient_id', '=', anyOf(patients))
    .execute();
  const unknown = new Set<PatientId>();
  for (const { patient_id, rule, version } of versions) {
    const known = kept.get(keyOf(patient_id, rule));
    if (known?.version === version) place(patient_id, rule, known.memory);
    else unknown.add(patient_id);
  }
  if (unknown.size === 0) return memories;
  const rows = await db
    .selectFrom('rule_memory')
    .select(['patient_id', 'rule', 'memory', sql<string>`xmin::text`.as('version')])
    .where('patient_id', '=', anyOf([...unknown]))
    .execute();
  for (const { patient_id, rule, memory, version } of rows) {
    place(patient_id, rule, memory);
    keep(kept, keyOf(patient_id, rule), { version, memory });
  }
  return memories;
}

/** @param kept takes up what was written; it must be cleared should the transaction fail. */
export async function saveMemories(
  db: Within,
  memories: readonly { patient: PatientId; rule: string; memory: object }[],
  kept: KeptMemories = new Map(),
): Promise<void> {
  for (let at = 0; at < memories.length; at += rowsPerStatement) {
    const some = memories.slice(at, at + rowsPerStatement);
    // each memory is a parameter of its own: within one JSON of all of them PostgreSQL goes through its text three times
    const [row] = await db
      .insertInto('rule_memory')
      .values(some.map(({ patient, rule, memory }) => ({ patient_id: patient, rule, memory: JSON.stringify(memory) })))
      .onConflict((conflict) =>
        conflict.columns(['patient_id', 'rule']).doUpdateSet((fresh) => ({ memory: fresh.ref('excluded.memory') })),
      )
      .returning(sql<string>`xmin::text`.as('version'))
      .execute();
    if (row)
      for (const { patient, rule, memory } of some) keep(kept, keyOf(patient, rule), { version: row.version, memory });
  }
}

/** Some 5 ms each in which nothing else runs, should every memory be full. */
const rowsPerStatement = 100;

function keep(kept: KeptMemories, key: string, memory: { version: string; memory: object }): void {
  kept.delete(key);
  kept.set(key, memory);
  for (const oldest of kept.keys()) {
    if (kept.size <= keptAtMost) return;
    kept.delete(oldest);
  }
}

const keyOf = (patient: PatientId, rule: string): string => `${patient} ${rule}`;
/** One parameter, however many there are. */
const anyOf = (patients: readonly PatientId[]) => sql<PatientId>`any(${[...patients]}::uuid[])`;
