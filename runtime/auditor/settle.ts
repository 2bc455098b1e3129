import { canary } from '#domain/canary.ts';
import { type Policy, policiesFor } from '#domain/escalation.ts';
import { assignDevice } from '../records/assignments.ts';
import type { Records } from '../records/connect.ts';
import { registerDevice } from '../records/devices.ts';
import { giveToken, hashToken, registerSource } from '../records/sources.ts';

/** Calls the canary by its channel, which loops back, and nobody else. */
const policy: Policy = {
  steps: [{ afterSeconds: 0, targets: [{ kind: 'person', clinician: canary.clinician }], channels: [canary.channel] }],
  repeatAfterSeconds: 3_600,
  rounds: 1,
};

const by = 'operator:auditor';

/** The canary has its place in the records, with this token as its only credential. May be done again. */
export async function settleCanary(records: Records, token: string, at: string): Promise<void> {
  await records.transaction().execute(async (db) => {
    const name = JSON.stringify({ en: 'Canary of the auditor', zh: '审计进程金丝雀' });
    await db
      .insertInto('care_team')
      .values({ id: canary.team, name, time_zone: 'UTC', policies: JSON.stringify(policiesFor(policy)) })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await db
      .insertInto('clinician')
      .values({
        ...{ id: canary.clinician, email: 'canary@hearthbeat.invalid', name, role: 'nurse', language: 'en' },
        // no hash of any password
        password_hash: 'none',
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await db
      .insertInto('team_member')
      .values({ team_id: canary.team, clinician_id: canary.clinician })
      .onConflict((conflict) => conflict.columns(['team_id', 'clinician_id']).doNothing())
      .execute();
    await db
      .insertInto('patient')
      .values({
        ...{ id: canary.patient, team_id: canary.team, name, birth_date: '1900-01-01', sex: 'unknown' },
        ...{ conditions: '[]', created_by: by },
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    // a device that speaks for itself: nobody at home is there to be asked anything
    if (await registerSource(db, { id: canary.source, kind: 'device', by, at })) {
      await registerDevice(db, { id: canary.device, source: canary.source, by });
      const from = '2020-01-01T00:00:00.000Z';
      const { assignment: id, device, patient } = canary;
      await assignDevice(db, { id, device, userSlot: null, patient, from, by });
    }
    const { secret_hash: hash } = await db
      .selectFrom('source')
      .select('secret_hash')
      .where('id', '=', canary.source)
      .executeTakeFirstOrThrow();
    if (hash !== hashToken(token)) await giveToken(db, canary.source, token, { at, by });
  });
}
