import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeviceId } from '#domain/ids.ts';
import { gapsBetween, onCallBetween } from '#domain/rota.ts';
import { instant, systemClock } from '#runtime/clock.ts';
import { takeBackDevice } from '#runtime/records/assignments.ts';
import { shutOut } from '#runtime/records/handing-out.ts';
import { outlookOf } from '#runtime/records/on-call.ts';
import { policiesOf, savePolicies } from '#runtime/records/policies.ts';
import { findRota, saveRota } from '#runtime/records/rota.ts';
import { giveToken, newToken } from '#runtime/records/sources.ts';
import { keepCredentials } from '../../gateway-agent/identity/credentials.ts';
import { codesFor } from '../../simulators/neighbourhood/moving-in.ts';
import { clinicians, residents, teams } from '../../simulators/neighbourhood/people.ts';
import { type Memory, settle } from '../../simulators/neighbourhood/settle.ts';
import { testDatabase } from '../support/servers.ts';

/** The neighbourhood moves into the records as an engineer would, and each start leaves them as they are. */

it('settles its residents once, and gives codes to the homes that nobody lets in yet and nobody has shut out', async () => {
  const database = await testDatabase();
  const { records } = database;
  const memory = (): Memory => ({
    starts: 0,
    passwords: Object.fromEntries(clinicians.map(({ email }) => [email, `of ${email}`])),
  });
  const from = Date.UTC(2026, 0, 1);
  const day = 86_400_000;
  await settle(records, memory(), from, from);
  const first = residents[0]!.home;
  await takeBackDevice(records, { device: DeviceId.parse(first.device), at: instant(from + 1), by: 'operator:test' });
  const second = memory();
  await settle(records, second, from, from + day);

  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-homes-'));
  const [out, enrolled, ...others] = residents.map(({ home }) => home.source);
  await shutOut(records, { source: out!, by: 'operator:test', now: from });
  const token = newToken();
  await giveToken(records, enrolled!, token, { at: instant(from) });
  keepCredentials(join(folder, enrolled!), {
    ...{
      v: 1,
      source: enrolled!,
      mqttUrl: 'mqtts://127.0.0.1',
      url: 'http://127.0.0.1',
      enrolledAt: instant(from),
      key: '',
    },
    credential: { kind: 'token', token },
  });
  const entrances = await codesFor({ records, clock: systemClock }, folder, 'operator:test');
  expect(entrances.revoked).toEqual([out]);
  expect(Object.keys(entrances.codes).sort()).toEqual(others.sort());
  // what another start, or somebody else, gave it in the meantime counts: then it enrols anew
  await giveToken(records, enrolled!, newToken(), { at: instant(from) });
  const again = await codesFor({ records, clock: systemClock }, folder, 'operator:test');
  expect(Object.keys(again.codes)).toContain(enrolled);
  rmSync(folder, { recursive: true });
  const held = await records.selectFrom('assignment').select(['device_id', 'patient_id', 'to_at']).execute();
  const devices = residents.flatMap(({ home }) => [home.device, ...(home.further ? [home.further.device] : [])]);
  expect(held.map(({ device_id }) => device_id).sort()).toEqual(devices.toSorted());
  expect(held.filter(({ to_at }) => to_at !== null).map(({ device_id }) => device_id)).toEqual([first.device]);
  await database.stop();
});

it('has two doctors on call at any moment of two weeks from every start, and a gap to be found later; what somebody changes, stays', async () => {
  const database = await testDatabase();
  const { records } = database;
  const memory: Memory = {
    starts: 0,
    passwords: Object.fromEntries(clinicians.map(({ email }) => [email, `of ${email}`])),
  };
  const team = teams[0]!;
  const first = Date.UTC(2026, 0, 1);
  const day = 86_400_000;
  for (const start of [first, first + 6 * day, first + 40 * day]) {
    await settle(records, memory, first, start);
    const { plan, members, gaps } = await outlookOf(records, team.id, start);
    expect(gaps).toEqual([]);
    const doctors = new Set<string>(members.flatMap(({ id, role }) => (role === 'doctor' ? [id] : [])));
    for (const { duties } of onCallBetween(plan, start, start + 14 * day)) {
      const people = duties.map(({ clinician }) => clinician);
      expect(new Set(people).size).toBe(2);
      expect(people.every((who) => doctors.has(who))).toBe(true);
    }
    expect(gapsBetween(plan, [0, 1], start, start + 20 * day).map(({ place }) => place)).toEqual([0, 1]);
    expect(plan.overrides.length).toBe(1);
    expect(plan.holidays.length).toBe(2);
  }
  const by = clinicians[1]!.id;
  const { version, rota } = await findRota(records, team.id);
  await saveRota(records, team.id, { rota: { ...rota, holidays: [] }, version, by, at: instant(first) });
  const kept = await policiesOf(records, team.id);
  const policies = { ...kept.policies, quietHours: null };
  await savePolicies(records, team.id, { ...kept, policies, by, at: instant(first) });
  await settle(records, memory, first, first + 41 * day);
  expect((await findRota(records, team.id)).rota.holidays).toEqual([]);
  expect((await policiesOf(records, team.id)).policies.quietHours).toBeNull();
  await database.stop();
});
