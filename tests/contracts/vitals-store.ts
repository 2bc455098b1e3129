import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredReading } from '#domain/reading.ts';
import { panelNames, vitalsOf } from '#domain/vitals.ts';
import { systemClock } from '#runtime/clock.ts';
import { timestampOf, type VitalsStore, type Window } from '#runtime/vitals-store.ts';
import { anyPatient, anyStoredReading, storedReading } from '../support/readings.ts';

/** What every vitals store promises, whatever is behind it. `open` gives a store on a real, empty server. */
export function promisesOfAVitalsStore(
  name: string,
  open: () => Promise<{ store: VitalsStore; stop(): Promise<void> }>,
  /** A server of one's own that dies without warning and comes back by itself. */
  openMortal?: () => Promise<{ store: VitalsStore; kill(): void; stop(): Promise<void> }>,
): void {
  describe(`the vitals store in ${name}`, () => {
    let store: VitalsStore;
    let stop = async () => {};
    beforeAll(async () => {
      ({ store, stop } = await open());
    });
    afterAll(() => stop());

    const start = Date.UTC(2026, 6, 1);
    const hour = 3_600_000;
    const all = { from: start, to: start + 30 * 24 * hour, limit: 10_000 };
    const at = (ms: number) => new Date(ms).toISOString();

    it('gives back every reading as it was written, absent fields and awkward texts included', async () => {
      await fc.assert(
        fc.asyncProperty(batches(start, start + 48 * hour), async ({ patient, readings }) => {
          expect(await store.write(readings)).toEqual([]);
          for (const panel of panelNames)
            expect(await store.read({ ...all, patient, panel })).toStrictEqual(newestFirst(ofPanel(readings, panel)));
        }),
        { numRuns: 30 },
      );
    });

    it('changes nothing when the same readings are written again', async () => {
      const patient = anyPatient();
      const readings = [1, 2, 3].map((i) =>
        storedReading(patient, { takenAt: at(start + i * hour), systolic: 140 + i }),
      );
      for (let i = 0; i < 3; i++) expect(await store.write([...readings, ...readings])).toEqual([]);
      const query = { ...all, patient, panel: 'blood-pressure' as const };
      expect(await store.read(query)).toStrictEqual(newestFirst(readings));
      const [window] = await store.readWindows({ ...query, windowMs: 24 * hour });
      expect(window?.values.systolic?.count).toBe(3);
    });

    it('keeps two different readings of one device and one millisecond', async () => {
      const patient = anyPatient();
      const readings = [141, 142].map((systolic) => storedReading(patient, { takenAt: at(start), systolic }));
      await store.write(readings);
      expect(await store.read({ ...all, patient, panel: 'blood-pressure' })).toStrictEqual(newestFirst(readings));
    });

    it('cuts off the oldest when there are more than asked for', async () => {
      const patient = anyPatient();
      const readings = Array.from({ length: 20 }, (_, i) => storedReading(patient, { takenAt: at(start + i * hour) }));
      await store.write(readings);
      const read = await store.read({ ...all, patient, panel: 'blood-pressure', limit: 7 });
      expect(read).toStrictEqual(newestFirst(readings).slice(0, 7));
    });

    it('reads from the first millisecond asked for, and up to the last without it', async () => {
      const patient = anyPatient();
      const taken = [-1, 0, 1, 999, 1000].map((ms) => storedReading(patient, { takenAt: at(start + ms) }));
      await store.write(taken);
      const query = { patient, panel: 'blood-pressure' as const, from: start, to: start + 1000, limit: 100 };
      expect(await store.read(query)).toStrictEqual(newestFirst(taken.slice(1, 4)));
      const windows = await store.readWindows({ ...query, windowMs: 1000 });
      expect(windows.map(({ from, values }) => [from, values.systolic?.count])).toEqual([[start, 3]]);
    });

    it('gives the windows that a person would count by hand', async () => {
      const spans = fc.record({
        from: fc.integer({ min: start, max: start + 24 * hour }),
        lengthMs: fc.integer({ min: 1, max: 48 * hour }),
        windowMs: fc.constantFrom(60_000, 15 * 60_000, hour, 24 * hour, 7 * 24 * hour),
      });
      await fc.assert(
        fc.asyncProperty(batches(start, start + 48 * hour), spans, async ({ patient, readings }, span) => {
          await store.write(readings);
          const query = { patient, from: span.from, to: span.from + span.lengthMs, windowMs: span.windowMs };
          for (const panel of panelNames)
            expectSame(await store.readWindows({ ...query, panel }), countedByHand(ofPanel(readings, panel), query));
        }),
        { numRuns: 30 },
      );
    });

    it('never shows one patient a reading of another', async () => {
      const [one, other] = [anyPatient(), anyPatient()];
      await store.write([storedReading(one, { systolic: 150 }), storedReading(other, { systolic: 160 })]);
      for (const patient of [one, other]) {
        const read = await store.read({ ...all, patient, panel: 'blood-pressure' });
        expect(read.map((reading) => reading.patient)).toEqual([patient]);
        const windows = await store.readWindows({ ...all, patient, panel: 'blood-pressure', windowMs: hour });
        expect(windows.map(({ values }) => values.systolic?.count)).toEqual([1]);
      }
      expect(await store.read({ ...all, patient: anyPatient(), panel: 'blood-pressure' })).toEqual([]);
      expect(await store.readWindows({ ...all, patient: one, panel: 'heart-rate', windowMs: hour })).toEqual([]);
    });

    it('names the readings it cannot take, and takes all others', async () => {
      const patient = anyPatient();
      const readings = Array.from({ length: 300 }, (_, i) => storedReading(patient, { takenAt: at(start + i * 1000) }));
      const bad = ['2600-01-01T00:00:00.000Z', '9999-12-31T23:59:59.000Z'].map((takenAt) =>
        storedReading(patient, { takenAt }),
      );
      const mixed = [...readings.slice(0, 100), bad[0]!, ...readings.slice(100, 299), bad[1]!, readings[299]!];
      const refused = await store.write(mixed);
      expect(refused.map(({ reading }) => reading)).toEqual(bad);
      for (const { reason } of refused) expect(reason).toBe('a time the store cannot hold');
      const read = await store.read({ ...all, patient, panel: 'blood-pressure' });
      expect(read).toStrictEqual(newestFirst(readings));
      expect(store.health().state).toBe('ok');
    });

    it('takes 5,000 readings at once', async () => {
      const patient = anyPatient();
      const readings = Array.from({ length: 5_000 }, (_, i) =>
        storedReading(patient, { takenAt: at(start + i * 1000) }),
      );
      expect(await store.write(readings)).toEqual([]);
      const [window] = await store.readWindows({ ...all, patient, panel: 'blood-pressure', windowMs: 365 * 24 * hour });
      expect(window?.values.systolic?.count).toBe(5_000);
    });

    it('has nothing to do with an empty batch', async () => {
      expect(await store.write([])).toEqual([]);
    });
  });

  if (!openMortal) return;
  describe(`the vitals store in ${name}, killed in the midst of writing`, () => {
    it('has every reading it took, waits while it is away and says so', async () => {
      const { store, kill, stop } = await openMortal();
      try {
        const patient = anyPatient();
        const start = Date.UTC(2026, 6, 1);
        const took: StoredReading[] = [];
        let written = 0;
        let finished = false;
        const health = new Set<string>();
        const writers = [0, 1, 2].map(async () => {
          while (!finished) {
            const readings = Array.from({ length: 100 }, () =>
              storedReading(patient, { takenAt: new Date(start + written++ * 1000).toISOString() }),
            );
            expect(await store.write(readings)).toEqual([]);
            took.push(...readings);
          }
        });
        for (let kills = 1; kills <= 3; kills++) {
          const before = took.length;
          await until(() => took.length > before + 500);
          kill();
          await until(() => {
            health.add(store.health().state);
            return store.health().state === 'down';
          });
        }
        const before = took.length;
        await until(() => took.length > before + 500);
        finished = true;
        await Promise.all(writers);
        expect(store.health()).toEqual({ state: 'ok' });

        const read = await store.read({ patient, panel: 'blood-pressure', from: start, to: start + 1e10, limit: 1e6 });
        const ids = new Set(read.map(({ id }) => id));
        expect(took.filter(({ id }) => !ids.has(id))).toEqual([]);
        expect(ids.size).toBe(read.length);
      } finally {
        await stop();
      }
    });

    it('ends its wait with the reason of the signal', async () => {
      const { store, kill, stop } = await openMortal();
      try {
        await store.write([storedReading(anyPatient())]);
        kill();
        const ending = new AbortController();
        const reason = new Error('the house closes');
        const writing = store.write([storedReading(anyPatient())], ending.signal);
        ending.abort(reason);
        await expect(writing).rejects.toBe(reason);
      } finally {
        await stop();
      }
    });
  });
}

const batches = (fromMs: number, toMs: number) =>
  fc.constant(null).chain(() => {
    const patient = anyPatient();
    return fc
      .uniqueArray(anyStoredReading(patient, fromMs, toMs), { selector: ({ id }) => id, maxLength: 40 })
      .map((readings) => ({ patient, readings }));
  });

const ofPanel = (readings: StoredReading[], panel: string) => readings.filter((reading) => reading.panel === panel);

const newestFirst = (readings: StoredReading[]) =>
  [...readings].sort((a, b) => (timestampOf(a) > timestampOf(b) ? -1 : 1));

function countedByHand(
  readings: StoredReading[],
  { from, to, windowMs }: { from: number; to: number; windowMs: number },
): Window[] {
  const windows: Window[] = [];
  const taken = readings.filter(({ takenAt }) => Date.parse(takenAt) >= from && Date.parse(takenAt) < to);
  const starts = new Set(taken.map(({ takenAt }) => Math.floor(Date.parse(takenAt) / windowMs) * windowMs));
  for (const start of [...starts].sort((a, b) => a - b)) {
    const inside = taken.filter(({ takenAt }) => Math.floor(Date.parse(takenAt) / windowMs) * windowMs === start);
    const values: Window['values'] = {};
    for (const vital of inside.length ? vitalsOf(inside[0]!.panel) : []) {
      const numbers = inside.flatMap((r) => r.values.filter((v) => v.vital === vital).map((v) => v.value));
      if (numbers.length > 0)
        values[vital] = {
          mean: numbers.reduce((a, b) => a + b, 0) / numbers.length,
          min: Math.min(...numbers),
          max: Math.max(...numbers),
          count: numbers.length,
        };
    }
    windows.push({ from: start, values });
  }
  return windows;
}

/** Equal, but for the last digits of a mean: servers add up in another order. */
function expectSame(windows: Window[], expected: Window[]): void {
  const rounded = (list: Window[]) =>
    list.map(({ from, values }) => ({
      from,
      values: Object.fromEntries(
        Object.entries(values).map(([vital, { mean, ...exact }]) => [vital, { ...exact, mean: mean.toPrecision(10) }]),
      ),
    }));
  expect(rounded(windows)).toEqual(rounded(expected));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.sleep(2);
}
