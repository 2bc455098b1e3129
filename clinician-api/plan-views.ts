import type { TeamId } from '#domain/ids.ts';
import { parametersInForce, type RuleEntry } from '#domain/rule-book.ts';
import type { PlanChangeList, TeamParameters } from '#domain/views-plans.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { PlanChangeRow } from '#runtime/records/plans.ts';

/** With the names of those who changed it. */
export async function viewsOfChanges(records: Records, rows: readonly PlanChangeRow[]): Promise<PlanChangeList> {
  const names = await namesOfClinicians(
    records,
    rows.map(({ by }) => by),
  );
  return {
    changes: rows.map(({ by, before, after, ...row }) => {
      const name = names.get(by);
      // they come out of jsonb
      return { ...row, by: name ? { id: by, name } : null, before: before as Json, after: after as Json };
    }),
  };
}

type Json = PlanChangeList['changes'][number]['before'];

export const viewOfParameters = (
  team: TeamId,
  rules: readonly RuleEntry[],
  set: Record<string, Record<string, number>>,
): TeamParameters => ({
  team,
  rules: rules.map((entry) => ({
    ...entry,
    set: set[entry.rule] ?? {},
    inForce: parametersInForce(entry, {}, set[entry.rule]),
  })),
});
