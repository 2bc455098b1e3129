import { expect, it } from 'vitest';
import { byOperator } from '#runtime/records/actor.ts';
import { quarantine } from '#runtime/records/quarantine.ts';
import { releaseQuarantine } from '#runtime/records/releases.ts';
import { openWard, seconds } from '../support/judged-ward.ts';
import { assign, makeDevice } from '../support/people.ts';
import { until } from '../support/until.ts';

it('a crisis that lay in quarantine is judged when it is released, and tells the team without calling anybody', async (test) => {
  const ward = await openWard(test);
  const { records, source, patient } = ward;
  const device = await makeDevice(records, { source });
  const readings = [ward.measured(192, 121, seconds(90), { device }), ward.measured(188, 118, seconds(20), { device })];
  await ward.send(readings);
  await records.transaction().execute((db) =>
    quarantine(
      db,
      readings.map((reading) => ({
        ...{ source, receivedAt: Date.now(), reason: 'not-assigned' as const, detail: 'nobody', ref: reading.ref },
        payload: Buffer.from(JSON.stringify(reading)),
      })),
    ),
  );
  await assign(records, { device, patient: patient.id });
  const keys = (await records.selectFrom('quarantine').select('key').execute()).map(({ key }) => key);
  const release = () => releaseQuarantine(records, keys, { by: byOperator(), at: new Date().toISOString() });
  expect((await release()).map(({ outcome }) => outcome)).toEqual(['released', 'released']);
  expect((await release()).map(({ outcome }) => outcome)).toEqual(['known', 'known']);
  ward.judging().agenda.nudge();
  const unjudged = () => records.selectFrom('quarantine').select('key').where('judged_at', 'is', null).execute();
  await until(async () => (await unjudged()).length === 0);

  expect(await ward.alerts()).toMatchObject([{ severity: 'routine', escalation: null }]);
  expect((await ward.theAlert()).evidence).toHaveLength(2);
  expect(await ward.pages()).toEqual([]);
  expect(ward.mail).toEqual([]);
});
