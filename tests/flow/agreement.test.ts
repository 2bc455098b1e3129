import { expect, it } from 'vitest';
import type { PatientId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createAdmitting } from '#runtime/intake/admitting.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { takeIn } from '../../rules/intake.ts';
import { envelope, minutesAgo, openIngest } from '../support/ingest.ts';
import { assign, makePatient } from '../support/people.ts';
import { cuffReading } from '../support/readings.ts';
import { testDatabase } from '../support/servers.ts';

/** The recorder and the judge read the same journal, each at its own pace, and must not disagree about whose a reading is. */

it('of two copies with differently corrected times, the first says whose it is, to the judge ahead of the recorder too', async () => {
  const database = await testDatabase();
  const store = await createPostgresStore({ records: database.records, clock, log });
  const { records, source, device, patient, team, sent, read } = await openIngest({ ...database, store });
  await records
    .updateTable('assignment')
    .set({ to_at: minutesAgo(5) })
    .where('device_id', '=', device)
    .execute();
  const next = await makePatient(records, { team });
  await assign(records, { device, patient: next.id, from: minutesAgo(5) });
  const copy = (minutes: number) =>
    cuffReading({ device, deviceTime: '2026-08-11T20:27:00', clock: 'corrected', takenAt: minutesAgo(minutes) });
  const readings = [copy(6), copy(4)];

  const entry = { position: 1, shard: shardOf(source), source, kind: 'readings' as const, receivedAt: clock.now() };
  const admitting = createAdmitting(records);
  const judged = new Set<PatientId>();
  for (const batch of [readings, [copy(3)]])
    for await (const heard of takeIn(admitting, [{ ...entry, payload: envelope(batch) }]))
      for (const whose of heard.keys()) judged.add(whose);
  await sent(source, readings);
  expect(await read(patient)).toHaveLength(1);
  expect(await read(next.id)).toEqual([]);
  expect([...judged]).toEqual([patient]);
});
