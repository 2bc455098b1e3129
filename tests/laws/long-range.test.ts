import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StoredReading } from '#domain/reading.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { markRollups } from '#runtime/records/rollups.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { countIn, longRange } from '../../clinician-api/long-range.ts';
import { anyPatient, storedReading } from '../support/readings.ts';
import { testDatabase } from '../support/servers.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 6, 1);

it('the windows of a long time are the same from rollups as from the readings, and stay when the readings are gone', async (test) => {
  const { records, stop } = await testDatabase();
  test.onTestFinished(stop);
  const store = await createPostgresStore({ records, clock, log });
  const panel = 'heart-rate' as const;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 5 * 24 * 3600 }), { minLength: 1, maxLength: 60 }),
      fc.constantFrom(1, 3, 12, 24),
      async (seconds, hours) => {
        const patient = anyPatient();
        const readings: StoredReading[] = seconds.map((second, i) =>
          storedReading(patient, {
            ...{ panel, takenAt: new Date(start + second * 1000).toISOString() },
            values: [{ vital: 'heart-rate', value: 60 + (i % 40), unit: '/min' }],
          }),
        );
        await store.write(readings);
        const span = { patient, panel, from: start, to: start + 6 * 24 * hour };
        const summed = await store.summarise({ ...span, everyMs: hour });
        await store.writeRollups(summed.map((rollup) => ({ patient, panel, period: '1h', ...rollup })));
        const query = { ...span, windowMs: hours * hour };
        const exact = await store.readWindows(query);
        // all of it from rollups, and with the last days from the readings
        for (const now of [start + 30 * 24 * hour, start + 4 * 24 * hour])
          expect(rounded(await longRange({ store, records }, query, now))).toEqual(rounded(exact));
        // also where readings were removed and the rollup of a later hour waits
        const last = readings.reduce((one, other) => (one.takenAt > other.takenAt ? one : other));
        await markRollups(records, [last], start);
        const waits = Math.floor(Date.parse(last.takenAt) / query.windowMs) * query.windowMs;
        await store.expire({ panel, period: 'raw', before: waits });
        expect(rounded(await longRange({ store, records }, query, start + 30 * 24 * hour))).toEqual(rounded(exact));
        await records.deleteFrom('rollup_due').execute();
        await store.expire({ panel, period: 'raw', before: span.to });
        const left = await longRange({ store, records }, query, start + 30 * 24 * hour);
        expect(rounded(left)).toEqual(rounded(exact));
        expect(countIn(left, panel)).toBe(readings.length);
      },
    ),
    { numRuns: 15 },
  );
});

const rounded = (windows: Awaited<ReturnType<typeof longRange>>) =>
  windows.map(({ from, values }) => {
    const { mean = 0, ...exact } = values['heart-rate'] ?? {};
    return { from, ...exact, mean: mean.toPrecision(10) };
  });
