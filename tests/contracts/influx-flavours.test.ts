import { afterEach, describe, expect, it } from 'vitest';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { findInfluxd } from '#runtime/servers/programs.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { openInfluxFront } from '../../simulators/influx/front.ts';
import { anyPatient, storedReading } from '../support/readings.ts';
import { hasInflux, testInflux } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { promisesOfRollups, summary } from './vitals-rollups.ts';
import { promisesOfAVitalsStore } from './vitals-store.ts';

/** The same store before each InfluxDB. Only 1.x is real here: 2.x and 3.x are their documented manners before a real 1.x. */

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const query = { panel: 'blood-pressure' as const, from: 0, to: 4e12, limit: 100 };

async function open(major: 2 | 3, wish: Partial<Parameters<typeof createInfluxStore>[1]> = {}) {
  const influx = await testInflux();
  const front = await openInfluxFront(major, influx);
  const { url, token } = front;
  const database = `${influx.database}_${major}`;
  const store = await createInfluxStore({ clock, log, random }, { url, token, database, ...wish });
  const stop = async () => {
    await store.close();
    await front.stop();
    await influx.stop();
  };
  return { store, front, database, stop };
}

if (hasInflux())
  describe.each([2, 3] as const)('with the manners of InfluxDB %i', (major) => {
    const name = `InfluxDB 1.x behind the manners of ${major}.x`;
    promisesOfAVitalsStore(name, () => open(major));
    promisesOfRollups(name, () => open(major), { deletes: major === 2 });

    it('the store makes its databases as that InfluxDB does, and tells it the retention where it must be told at once', async () => {
      const { front, database, stop } = await open(major, { retentionDays: { readings: 400, rollups: 4_000 } });
      ends.push(stop);
      const names = [database, `${database}_1h`, `${database}_1d`];
      if (major === 2) {
        expect(front.made).toMatchObject(names.map((name) => ({ name, orgID: expect.any(String) })));
        expect(front.asked.filter((asked) => asked === 'POST /api/v2/dbrps')).toHaveLength(3);
      } else expect(front.made).toEqual(names.map((db, i) => ({ db, retention_period: i === 0 ? '400d' : '4000d' })));
    });

    it('a token as a password is as good, where databases are there already', async () => {
      const influx = await testInflux();
      ends.push(influx.stop);
      const front = await openInfluxFront(major, influx, { databases: [influx.database] });
      ends.push(front.stop);
      const { url, token: password } = front;
      const { database } = influx;
      const store = await createInfluxStore({ clock, log, random }, { url, user: 'anybody', password, database });
      ends.push(store.close);
      const patient = anyPatient();
      expect(await store.write([storedReading(patient)])).toEqual([]);
      expect(await store.read({ ...query, patient })).toHaveLength(1);
    });

    it('a token that is refused is said to be, and readings wait', async () => {
      const { store, stop } = await open(major, { token: 'another' });
      ends.push(stop);
      const ending = new AbortController();
      const writing = store.write([storedReading(anyPatient())], ending.signal);
      await until(() => store.health().detail === 'InfluxDB refuses our user name or password, or our token');
      ending.abort(new Error('enough'));
      await expect(writing).rejects.toThrow('enough');
    });

    it('one line that the server refuses is found among many, whatever it does with the others', async () => {
      const { store, database, front, stop } = await open(major);
      ends.push(stop);
      const patient = anyPatient();
      // a field that is text in the store already refuses our number
      const poison = `blood-pressure,patient=x,device=x systolic="text" 1785398400000000000`;
      await fetch(`${front.url}/write?db=${database}`, {
        ...{ method: 'POST', body: poison, headers: { authorization: `Token ${front.token}` } },
      });
      const at = (ms: number) => new Date(Date.UTC(2026, 10, 1) + ms).toISOString();
      const good = [1, 2, 3].map((i) =>
        storedReading(patient, {
          ...{ takenAt: at(i), panel: 'glucose', values: [{ vital: 'glucose', value: 100 + i, unit: 'mg/dL' }] },
        }),
      );
      // the conflict holds within the shard of the poison, where this one is taken
      const bad = storedReading(patient, { takenAt: '2026-07-30T08:00:00.000Z' });
      const refused = await store.write([good[0]!, bad, good[1]!, good[2]!]);
      expect(refused).toEqual([{ reading: bad, reason: 'a field of another type stands in the store' }]);
      expect(await store.read({ ...query, panel: 'glucose', patient })).toHaveLength(3);
    });

    it('an InfluxDB that was away when we began is asked who it is when it comes', async () => {
      const influx = await testInflux();
      ends.push(influx.stop);
      const front = await openInfluxFront(major, influx);
      await front.stop();
      const database = `${influx.database}_later`;
      const { url, token } = front;
      const retentionDays = { readings: 400 };
      const store = await createInfluxStore({ clock, log, random }, { url, token, database, retentionDays });
      ends.push(store.close);
      expect(store.health().state).toBe('down');
      const again = await openInfluxFront(major, influx, { port: Number(new URL(url).port) });
      ends.push(again.stop);
      const patient = anyPatient();
      expect(await store.write([storedReading(patient)])).toEqual([]);
      if (major === 3) expect(again.made[0]).toEqual({ db: database, retention_period: '400d' });
      const rollup = {
        patient,
        panel: 'blood-pressure' as const,
        from: 0,
        to: 9,
        values: { systolic: summary([140]) },
      };
      await store.writeRollups([{ ...rollup, period: '1d' }]);
      expect(await store.read({ ...query, patient })).toHaveLength(1);
      expect('cannot' in (await store.erase(patient))).toBe(major === 3);
    });
  });
else
  it('has no influxd on this machine to stand behind 2.x and 3.x', () => {
    expect(findInfluxd(process.env.PATH)).toHaveProperty('missing');
  });
