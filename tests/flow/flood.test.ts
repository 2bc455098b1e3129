import { expect, it } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import { createAdmitting } from '#runtime/intake/admitting.ts';
import { brokerLimits } from '../../broker/broker.ts';
import { takeIn } from '../../rules/intake.ts';
import { testDatabase } from '../support/servers.ts';

/** What a home that has gone wild, or was taken over, can put before the judge at once. */

it('more devices in one batch than a statement of PostgreSQL has parameters do not stop the judge', async (test) => {
  const database = await testDatabase();
  test.onTestFinished(database.stop);
  const admitting = createAdmitting(database.records);
  const source = SourceId.parse('gw-wild');
  const entries = Array.from({ length: 200 }, (_, message) => {
    // as short as a reading can be
    const readings = Array.from({ length: 330 }, (_, i) => ({
      ref: 'a',
      device: `d${message}-${i}`,
      panel: 'blood-pressure',
      values: [{ vital: 'systolic', value: 1, unit: '' }],
      takenAt: '2026-01-01T00:00:00Z',
      clock: 'device',
      heardAt: '2026-01-01T00:00:00Z',
    }));
    const payload = Buffer.from(JSON.stringify({ v: 1, readings }));
    expect(payload.length).toBeLessThanOrEqual(brokerLimits.packetBytes);
    return { position: message + 1, shard: shardOf(source), source, kind: 'readings' as const, receivedAt: 0, payload };
  });
  for await (const heard of takeIn(admitting, entries)) expect(heard).toEqual(new Map());
  const replayed = entries.map((entry) => ({
    ...entry,
    payload: Buffer.from(entry.payload.toString().replaceAll('"ref":', '"deviceTime":"2026-01-01T00:00:00","ref":')),
  }));
  for await (const heard of takeIn(admitting, replayed)) expect(heard).toEqual(new Map());
});
