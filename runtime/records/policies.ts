import type { Severity } from '#domain/alert.ts';
import { type Escalation, freezeEscalation, type Policies } from '#domain/escalation.ts';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import type { Within } from './connect.ts';

/** Whom alerts of a care team call, by severity. A change touches alerts that open from then on. */
export type KeptPolicies = {
  policies: Policies;
  timeZone: string;
  /** Whoever changes them says which ones they saw. */
  version: number;
  updatedAt: string | null;
  updatedBy: ClinicianId | null;
};

export async function policiesOf(db: Within, team: TeamId): Promise<KeptPolicies> {
  const row = await db
    .selectFrom('care_team')
    .select(['policies', 'time_zone', 'policies_version', 'policies_updated_at', 'policies_updated_by'])
    .where('id', '=', team)
    .executeTakeFirstOrThrow();
  return {
    policies: row.policies,
    timeZone: row.time_zone,
    version: row.policies_version,
    updatedAt: row.policies_updated_at?.toISOString() ?? null,
    updatedBy: row.policies_updated_by,
  };
}

/** For an alert so grave that opens now; null when it calls nobody. */
export async function escalationOf(db: Within, team: TeamId, severity: Severity): Promise<Escalation | null> {
  const { policies, timeZone } = await policiesOf(db, team);
  return freezeEscalation(policies, severity, timeZone);
}

/** @returns the new version; undefined when somebody has changed them since `version`. */
export async function savePolicies(
  db: Within,
  team: TeamId,
  { policies, version, by, at }: { policies: Policies; version: number; by: ClinicianId; at: string },
): Promise<number | undefined> {
  const row = await db
    .updateTable('care_team')
    .set({
      policies: JSON.stringify(policies),
      policies_version: version + 1,
      policies_updated_at: at,
      policies_updated_by: by,
    })
    .where('id', '=', team)
    .where('policies_version', '=', version)
    .returning('policies_version')
    .executeTakeFirst();
  return row?.policies_version;
}
