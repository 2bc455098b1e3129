import { expect, it } from 'vitest';
import { DeviceId } from '#domain/ids.ts';
import { instant } from '#runtime/clock.ts';
import { takeBackDevice } from '#runtime/records/assignments.ts';
import { findCredentials, hashToken, newToken } from '#runtime/records/sources.ts';
import { residents } from '../../simulators/neighbourhood/people.ts';
import { type Memory, settle } from '../../simulators/neighbourhood/settle.ts';
import { testDatabase } from '../support/servers.ts';

/** The neighbourhood moves into the records as an engineer would, and each start leaves them as they are. */

it('settles its residents once, and gives their homes the tokens of the last start', async () => {
  const database = await testDatabase();
  const { records } = database;
  const memory = (): Memory => ({
    starts: 0,
    tokens: Object.fromEntries(residents.map(({ home }) => [home.source, newToken()])),
    passwords: {
      'li.na@hearthbeat.example': 'a',
      'chen.wei@hearthbeat.example': 'b',
      'emily.hart@hearthbeat.example': 'c',
    },
  });
  const from = Date.UTC(2026, 0, 1);
  await settle(records, memory(), from);
  const first = residents[0]!.home;
  await takeBackDevice(records, { device: DeviceId.parse(first.device), at: instant(from + 1), by: 'operator:test' });
  const second = memory();
  await settle(records, second, from);

  const credentials = await findCredentials(
    records,
    residents.map(({ home }) => home.source),
  );
  for (const { home } of residents)
    expect(credentials.get(home.source)?.secretHash).toBe(hashToken(second.tokens[home.source]!));
  const held = await records.selectFrom('assignment').select(['device_id', 'patient_id', 'to_at']).execute();
  const devices = residents.flatMap(({ home }) => [home.device, ...(home.further ? [home.further.device] : [])]);
  expect(held.map(({ device_id }) => device_id).sort()).toEqual(devices.toSorted());
  expect(held.filter(({ to_at }) => to_at !== null).map(({ device_id }) => device_id)).toEqual([first.device]);
  await database.stop();
});
