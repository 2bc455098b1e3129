import { afterAll, beforeAll, expect, it } from 'vitest';
import { rotaSign, undeliveredSign } from '#runtime/overseer/on-call-signs.ts';
import { writePageChannels } from '#runtime/records/reachability.ts';
import { setOnCall } from '#runtime/records/rota.ts';
import { shiftedClock } from '../support/api.ts';
import { openPagingRoom } from '../support/paging.ts';
import { makeClinician, makePatient, makeTeam } from '../support/people.ts';
import { openChannel } from '../support/rota.ts';
import { testDatabase } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** Whoever runs the platform hears of a hole in a rota before an alert falls through it. */

let database: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.stop());

it('tells of gaps and of people nobody can reach, of teams that have patients, and is quiet when they are mended', async () => {
  const { records } = database;
  const clock = shiftedClock();
  const team = await makeTeam(records);
  const [first, second] = [
    await makeClinician(records, { teams: [team], role: 'doctor' }),
    await makeClinician(records, { teams: [team], role: 'doctor' }),
  ];
  const sign = rotaSign({ records, clock });
  const look = async () => {
    clock.ahead(5 * 60_000);
    const seen = await sign();
    return [seen.rota?.trouble, seen.reachability?.trouble];
  };
  await openChannel(records);
  expect(await look()).toEqual([undefined, undefined]);
  await makePatient(records, { team });
  expect(await look()).toEqual(['rota-gap', undefined]);
  await setOnCall(records, team, [first.id]);
  expect(await look()).toEqual(['rota-gap', undefined]);
  await setOnCall(records, team, [first.id, second.id]);
  expect(await look()).toEqual([undefined, undefined]);
  await records.updateTable('clinician').set({ disabled_at: new Date() }).where('id', '=', second.id).execute();
  expect(await look()).toEqual(['rota-gap', 'rota-unreachable']);
  await writePageChannels(records, [{ name: 'sms', reaches: 'phone', confidential: false }]);
  await setOnCall(records, team, [first.id, first.id]);
  expect(await look()).toEqual([undefined, 'rota-unreachable']);
  await writePageChannels(records, []);
  expect(await look()).toEqual([undefined, undefined]);
});

it('tells of an alert whose call reached nobody, until somebody takes it', async (test) => {
  const room = await openPagingRoom(test, { mail: 'away' });
  const sign = undeliveredSign({ records: room.records });
  expect((await sign()).pages).toEqual({ state: 'ok' });
  const alert = await room.call();
  await until(async () => (await sign()).pages?.trouble === 'page-undeliverable');
  await room.acknowledge(alert.id);
  expect((await sign()).pages).toEqual({ state: 'ok' });
});
