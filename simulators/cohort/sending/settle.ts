import { SetupFault } from '#domain/errors.ts';
import type { TeamId } from '#domain/ids.ts';
import { instant } from '#runtime/clock.ts';
import type { Actor } from '#runtime/records/actor.ts';
import { assignDevice } from '#runtime/records/assignments.ts';
import { careTeams } from '#runtime/records/clinicians.ts';
import type { Records } from '#runtime/records/connect.ts';
import { findRegistrations, registerDevice } from '#runtime/records/devices.ts';
import { addPatient } from '#runtime/records/patients.ts';
import { giveToken, newToken, registerSource } from '#runtime/records/sources.ts';
import { chanceOf } from '../../physiology/noise.ts';
import type { Person } from '../person.ts';

/** Where a cohort lives on a platform: its people become patients of a care team that is there, and each home is a source with a token. */
export const byCohort: Actor = 'operator:simulated-cohort';

/** @throws SetupFault */
export async function teamFor(records: Records, name: string | undefined): Promise<TeamId> {
  const teams = await careTeams(records);
  const found = teams.find(
    (team) => name === undefined || [team.id, team.name.en, team.name.zh].includes(name as never),
  );
  if (found) return found.id;
  throw new SetupFault(
    teams.length === 0
      ? 'There is no care team yet: add somebody with "npm run clinician", or start the neighbourhood with "npm start".'
      : 'There is no such care team: correct --team.',
  );
}

/** Doing it again changes nothing but the token, which is answered. @param from ms since 1970: the devices are theirs from then on. */
export function settle(records: Records, team: TeamId, person: Person, from: number, now: number): Promise<string> {
  const { told, birthDate, sex, seed } = person;
  const { plan } = told;
  const [{ source }] = told.devices as [(typeof told.devices)[number]];
  const random = chanceOf(seed, 41);
  const token = newToken();
  return records.transaction().execute(async (db) => {
    const known = await db.selectFrom('patient').select('id').where('id', '=', told.id).executeTakeFirst();
    if (!known) {
      const { id, name, conditions } = told;
      await addPatient(db, { id, team, name, birthDate, sex, conditions }, byCohort);
      await db
        .insertInto('care_plan')
        .values({
          patient_id: id,
          overrides: JSON.stringify(plan.overrides),
          programmes: JSON.stringify(plan.programmes),
          expected: JSON.stringify(plan.expected),
          follow_up: JSON.stringify(plan.followUp),
          pause: plan.pause && JSON.stringify(plan.pause),
          silent_after_minutes: plan.silentAfterMinutes,
        })
        .execute();
    }
    await registerSource(db, { id: source, kind: 'gateway', by: byCohort });
    for (const { device, model } of told.devices) {
      const assignment = random.uuid();
      if ((await findRegistrations(db, [device])).has(device)) continue;
      await registerDevice(db, { id: device, source, model, by: byCohort });
      const wish = { id: assignment, device, userSlot: null, patient: told.id, from: instant(from), by: byCohort };
      await assignDevice(db, wish);
    }
    await giveToken(db, source, token, { at: instant(now), by: byCohort });
    return token;
  });
}
