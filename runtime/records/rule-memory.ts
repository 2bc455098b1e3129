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
export async function lockForJudgement(db: Within, patients: readonly PatientId[]): Promise<JudgedPatient[]> {
  if (patients.length === 0) return [];
  const rows = await db
    .selectFrom('patient')
    .innerJoin('care_team', 'care_team.id', 'patient.team_id')
    .select(['patient.id', 'patient.team_id', 'care_team.time_zone'])
    .where('patient.id', 'in', patients)
    .where('patient.erased_at', 'is', null)
    .orderBy('patient.id')
    .forNoKeyUpdate('patient')
    .execute();
  const plans = await db
    .selectFrom('care_plan')
    .select(['patient_id', 'overrides'])
    .where('patient_id', 'in', patients)
    .execute();
  const memories = await db.selectFrom('rule_memory').selectAll().where('patient_id', 'in', patients).execute();
  return rows.map((row) => ({
    patient: row.id,
    team: row.team_id,
    timeZone: row.time_zone,
    overrides: plans.find((plan) => plan.patient_id === row.id)?.overrides ?? {},
    memories: new Map(memories.filter((m) => m.patient_id === row.id).map((m) => [m.rule, m.memory])),
  }));
}

export async function saveMemories(
  db: Within,
  memories: readonly { patient: PatientId; rule: string; memory: object }[],
): Promise<void> {
  for (let i = 0; i < memories.length; i += rowsPerStatement)
    await db
      .insertInto('rule_memory')
      .values(
        memories.slice(i, i + rowsPerStatement).map(({ patient, rule, memory }) => ({
          patient_id: patient,
          rule,
          memory: JSON.stringify(memory),
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['patient_id', 'rule']).doUpdateSet((eb) => ({ memory: eb.ref('excluded.memory') })),
      )
      .execute();
}

const rowsPerStatement = 2_000;
