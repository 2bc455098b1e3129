import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredReading } from '#domain/reading.ts';
import { panelNames, vitalsOf } from '#domain/vitals.ts';
import { percentiles, type Rollup, type RollupOf, type Summary, type VitalsStore } from '#runtime/vitals-store.ts';
import { anyPatient, anyStoredReading, storedReading } from '../support/readings.ts';

/** What every vitals store promises of rollups, retention and erasure. */
export function promisesOfRollups(
  name: string,
  open: () => Promise<{ store: VitalsStore; stop(): Promise<void> }>,
  /** Where rows cannot be deleted at all. */
  { deletes }: { deletes: boolean },
): void {
  describe(`rollups in the vitals store in ${name}`, () => {
    let store: VitalsStore;
    let stop = async () => {};
    beforeAll(async () => {
      ({ store, stop } = await open());
    });
    afterAll(() => stop());

    const start = Date.UTC(2026, 6, 1);
    const hour = 3_600_000;
    const panel = 'blood-pressure' as const;
    const at = (ms: number) => new Date(ms).toISOString();

    it('sums up what a person would sum up by hand, percentiles of few values included', async () => {
      const readings = fc.constant(null).chain(() => {
        const patient = anyPatient();
        return fc
          .uniqueArray(anyStoredReading(patient, start, start + 6 * hour), { selector: ({ id }) => id, maxLength: 40 })
          .map((list) => ({ patient, readings: list }));
      });
      const spans = fc.record({
        from: fc.integer({ min: 0, max: 6 }).map((hours) => start + hours * hour + 1800),
        lengthMs: fc.integer({ min: 1, max: 6 * hour }),
        everyMs: fc.constantFrom(undefined, hour, 900_000),
      });
      await fc.assert(
        fc.asyncProperty(readings, spans, async ({ patient, readings }, { from, lengthMs, everyMs }) => {
          await store.write(readings);
          const span = { patient, from, to: from + lengthMs, ...(everyMs ? { everyMs } : {}) };
          for (const panel of panelNames) {
            const summed = await store.summarise({ ...span, panel });
            expect(rounded(summed)).toEqual(rounded(byHand(readings, { ...span, panel })));
          }
        }),
        { numRuns: 20 },
      );
    });

    it('gives rollups back as they were written, in order, and replaces what stood there', async () => {
      const patient = anyPatient();
      const rollup = (i: number, value: number): RollupOf => ({
        patient,
        panel,
        period: '1h',
        from: start + i * hour,
        to: start + (i + 1) * hour,
        values: { systolic: summary([value, value + 1, value + 2.5]), 'pulse-rate': summary([70]) },
      });
      const days: RollupOf[] = [23, 24, 25].map((hours, i) => ({
        ...rollup(i * 30, 140),
        period: '1d',
        to: start + (i * 30 + hours) * hour,
      }));
      await store.writeRollups([3, 1, 2].map((i) => rollup(i, 120 + i)));
      await store.writeRollups([...days, rollup(2, 180)]);
      await store.writeRollups([rollup(2, 180)]);
      const query = { patient, panel, from: start + hour, to: start + 3 * hour };
      expect(await store.readRollups({ ...query, period: '1h' })).toEqual([rollup(1, 121), rollup(2, 180)].map(bare));
      const read = await store.readRollups({ ...query, from: start, to: start + 1000 * hour, period: '1d' });
      expect(read).toEqual(days.map(bare));
      expect(await store.readRollups({ ...query, patient: anyPatient(), period: '1h' })).toEqual([]);
    });

    it('forgets a vital sign that a rollup computed again does not have', async () => {
      const patient = anyPatient();
      const first: RollupOf = { patient, panel, period: '1d', from: start, to: start + 24 * hour, values: {} };
      await store.writeRollups([{ ...first, values: { systolic: summary([120]), 'pulse-rate': summary([70]) } }]);
      const again = { ...first, values: { systolic: summary([120]) } };
      await store.writeRollups([again]);
      const read = await store.readRollups({ patient, panel, period: '1d', from: 0, to: start + hour });
      expect(read).toEqual([bare(again)]);
    });

    it(deletes ? 'erases one patient, and no other' : 'says that it cannot erase', async () => {
      const [one, other] = [anyPatient(), anyPatient()];
      for (const patient of [one, other]) {
        await store.write([0, 1, 2].map((i) => storedReading(patient, { takenAt: at(start + i * hour) })));
        for (const period of ['1h', '1d'] as const)
          await store.writeRollups([
            { patient, panel, period, from: start, to: start + hour, values: { systolic: summary([140]) } },
          ]);
      }
      const left = async (patient: typeof one) => [
        (await store.read({ patient, panel, from: 0, to: 4e12, limit: 100 })).length,
        (await store.readRollups({ patient, panel, period: '1h', from: 0, to: 4e12 })).length,
        (await store.readRollups({ patient, panel, period: '1d', from: 0, to: 4e12 })).length,
      ];
      for (let i = 0; i < 2; i++) expect('cannot' in (await store.erase(one))).toBe(!deletes);
      expect(await left(one)).toEqual(deletes ? [0, 0, 0] : [3, 1, 1]);
      expect(await left(other)).toEqual([3, 1, 1]);
      // and may be written to again, like any other
      await store.write([storedReading(one, { takenAt: at(start) })]);
      expect((await left(one))[0]).toBe(deletes ? 1 : 3);
    });

    it(deletes ? 'removes what is older than a moment, of one panel' : 'says that it cannot remove', async () => {
      const patient = anyPatient();
      await store.write([0, 1, 2].map((i) => storedReading(patient, { takenAt: at(start + i * hour) })));
      const removal = await store.expire({ panel, period: 'raw', before: start + hour });
      expect('cannot' in removal).toBe(!deletes);
      expect('cannot' in (await store.expire({ panel: 'glucose', period: 'raw', before: start + 9 * hour }))).toBe(
        !deletes,
      );
      const read = await store.read({ patient, panel, from: 0, to: 4e12, limit: 100 });
      expect(read).toHaveLength(deletes ? 2 : 3);
      for (const period of ['1h', '1d'] as const) {
        const rollup = { patient, panel, period, to: start + 24 * hour, values: { systolic: summary([140]) } };
        await store.writeRollups([start, start + hour].map((from) => ({ ...rollup, from })));
        await store.expire({ panel, period, before: start + hour });
        expect(await store.readRollups({ patient, panel, period, from: 0, to: 4e12 })).toHaveLength(deletes ? 1 : 2);
      }
    });
  });
}

const bare = ({ from, to, values }: RollupOf): Rollup => ({ from, to, values });

export function summary(numbers: number[]): Summary {
  const sorted = numbers.toSorted((a, b) => a - b);
  const ranked = percentiles.map((name) => {
    const rank = Math.floor((sorted.length * Number(name.slice(1))) / 100 + 0.5);
    return [name, sorted[Math.max(rank, 1) - 1]];
  });
  return {
    count: numbers.length,
    sum: numbers.reduce((a, b) => a + b, 0),
    min: sorted[0]!,
    max: sorted.at(-1)!,
    ...Object.fromEntries(ranked),
  } as Summary;
}

function byHand(
  all: StoredReading[],
  { panel, from, to, everyMs }: { panel: StoredReading['panel']; from: number; to: number; everyMs?: number },
): Rollup[] {
  const taken = all
    .filter((reading) => reading.panel === panel)
    .map((reading) => ({ reading, at: Date.parse(reading.takenAt) }))
    .filter(({ at }) => at >= from && at < to);
  const startOf = (at: number) => (everyMs === undefined ? from : Math.floor(at / everyMs) * everyMs);
  const starts = [...new Set(taken.map(({ at }) => startOf(at)))].sort((a, b) => a - b);
  return starts.map((start) => {
    const values: Rollup['values'] = {};
    for (const vital of vitalsOf(panel)) {
      const numbers = taken
        .filter(({ at }) => startOf(at) === start)
        .flatMap(({ reading }) => reading.values.filter((v) => v.vital === vital).map((v) => v.value));
      if (numbers.length > 0) values[vital] = summary(numbers);
    }
    return { from: start, to: everyMs === undefined ? to : start + everyMs, values };
  });
}

/** Servers add up in another order. */
const rounded = (list: Rollup[]) =>
  list.map(({ values, ...bounds }) => ({
    ...bounds,
    values: Object.fromEntries(
      Object.entries(values).map(([vital, summary]) => [vital, { ...summary, sum: summary.sum.toPrecision(10) }]),
    ),
  }));
