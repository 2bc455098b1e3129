import { expect, it } from 'vitest';
import { openWard, seconds } from '../support/judged-ward.ts';
import { makeDevice, makeSource } from '../support/people.ts';
import { until } from '../support/until.ts';

it('has the care team ask for a second measurement where a device has no gateway, until it comes', async (test) => {
  const ward = await openWard(test);
  const { records, patient, judging } = ward;
  const { source } = await makeSource(records, { kind: 'device' });
  const device = await makeDevice(records, { source, patient: patient.id });
  const send = async (systolic: number, agoMs: number) => {
    await judging().journal.append({
      shard: 1,
      ...{ source, kind: 'readings', receivedAt: Date.now() },
      payload: Buffer.from(JSON.stringify({ v: 1, readings: [ward.measured(systolic, 82, agoMs, { device })] })),
    });
    await until(() => judging().journal.backlog().entries === 0);
  };
  await send(188, seconds(60));
  await until(async () => (await ward.tasks()).length === 1);
  expect(await ward.tasks()).toMatchObject([{ kind: 'measure-again', role: 'nurse', alert: null, doneAt: null }]);
  await send(131, seconds(2));
  await until(async () => (await ward.tasks())[0]?.doneAt !== null);
  expect(await ward.tasks()).toMatchObject([{ outcome: 'not-needed', doneBy: null }]);
  expect(await ward.alerts()).toEqual([]);
});
