import { sql } from 'kysely';
import type { PatientId } from '#domain/ids.ts';
import type { Within } from './connect.ts';

/** What rules remember of patients: a row for each rule in which something is going on. */

/** By patient and rule. */
export async function memoriesOf(
  db: Within,
  patients: readonly PatientId[],
): Promise<Map<PatientId, Map<string, unknown>>> {
  const memories = new Map<PatientId, Map<string, unknown>>();
  if (patients.length === 0) return memories;
  const rows = await db
    .selectFrom('rule_memory')
    .select(['patient_id', 'rule', 'memory'])
    .where('patient_id', '=', anyOf(patients))
    .execute();
  for (const { patient_id, rule, memory } of rows) {
    const ofPatient = memories.get(patient_id) ?? new Map<string, unknown>();
    memories.set(patient_id, ofPatient.set(rule, memory));
  }
  return memories;
}

/** `memory`: undefined where nothing is going on any more. */
export type MemoryChange = { patient: PatientId; rule: string; memory: object | undefined };

/** At most one change for each patient and rule. */
export async function saveMemories(db: Within, changes: readonly MemoryChange[]): Promise<void> {
  const kept = changes.filter(({ memory }) => memory !== undefined);
  for (let at = 0; at < kept.length; at += rowsPerStatement)
    await db
      .insertInto('rule_memory')
      // each memory is a parameter of its own: within one JSON of all of them PostgreSQL goes through its text three times
      .values(
        kept
          .slice(at, at + rowsPerStatement)
          .map(({ patient, rule, memory }) => ({ patient_id: patient, rule, memory: JSON.stringify(memory) })),
      )
      .onConflict((conflict) =>
        conflict.columns(['patient_id', 'rule']).doUpdateSet((fresh) => ({ memory: fresh.ref('excluded.memory') })),
      )
      .execute();
  const over = changes.filter(({ memory }) => memory === undefined);
  if (over.length > 0)
    await sql`delete from rule_memory using json_to_recordset(${JSON.stringify(over)}) as over(patient uuid, rule text)
      where rule_memory.patient_id = over.patient and rule_memory.rule = over.rule`.execute(db);
}

/** Some 5 ms each in which nothing else runs. */
const rowsPerStatement = 100;

/** One parameter, however many there are. */
const anyOf = (patients: readonly PatientId[]) => sql<PatientId>`any(${[...patients]}::uuid[])`;
