import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { StoredReading } from '#domain/reading.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createLog, silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { findInfluxd } from '#runtime/servers/programs.ts';
import { timestampOf, type VitalsStore } from '#runtime/vitals-store.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { privateInflux } from '../support/private-servers.ts';
import { anyPatient, storedReading } from '../support/readings.ts';
import { hasInflux, testInflux } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { summary } from './vitals-rollups.ts';

type Influx = Awaited<ReturnType<typeof testInflux>>;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const query = { panel: 'blood-pressure' as const, from: 0, to: 4e12, limit: 10_000 };

/** What InfluxDB alone can do to us. */
const promises = () => {
  const open = async (influx: Influx, wish: Partial<Parameters<typeof createInfluxStore>[1]> = {}) => {
    ends.push(influx.stop);
    const store = await createInfluxStore({ clock, log, random }, { ...influx, ...wish });
    ends.push(store.close);
    return store;
  };

  it('names readings that are older than the database keeps', async () => {
    const influx = await testInflux();
    const store = await open(influx);
    await ask(
      influx,
      '/query',
      `q=alter retention policy autogen on ${influx.database} duration 24h shard duration 1h`,
    );
    const patient = anyPatient();
    const [recent, old] = [0, 48].map((hours) =>
      storedReading(patient, { takenAt: new Date(Date.now() - hours * 3_600_000).toISOString() }),
    );
    expect(await store.write([old!, recent!])).toEqual([{ reading: old, reason: 'older than the store keeps' }]);
    expect(await store.read({ ...query, patient })).toEqual([recent]);
  });

  it('is done with a rollup that is older than the database of rollups keeps', async () => {
    const influx = await testInflux();
    const store = await open(influx);
    await ask(
      influx,
      '/query',
      `q=alter retention policy autogen on ${influx.database}_1h duration 24h shard duration 1h`,
    );
    const patient = anyPatient();
    const panel = 'blood-pressure' as const;
    const [old, recent] = [48, 1].map((hours) => {
      const from = Math.floor(Date.now() / 3_600_000 - hours) * 3_600_000;
      return { from, to: from + 3_600_000, values: { systolic: summary([140]) } };
    });
    await store.writeRollups([old!, recent!].map((rollup) => ({ ...rollup, patient, panel, period: '1h' })));
    expect(await store.readRollups({ ...query, patient, period: '1h' })).toEqual([recent]);
  });

  it('has nothing to remove where a database was never made', async () => {
    const influx = await testInflux();
    const store = await open(influx);
    const patient = anyPatient();
    await store.write([storedReading(patient)]);
    await ask(influx, '/query', `q=drop database ${influx.database}_1h`);
    expect(await store.expire({ panel: 'blood-pressure', period: '1h', before: 9 })).toEqual({ removed: null });
    expect(await store.erase(patient)).toEqual({ removed: null });
    expect(await store.read({ ...query, patient })).toEqual([]);
  });

  it('makes the database where there is none, also when it was dropped meanwhile', async () => {
    const influx = await testInflux();
    const store = await open(influx);
    const patient = anyPatient();
    expect(await store.write([storedReading(patient, { systolic: 150 })])).toEqual([]);
    await ask(influx, '/query', `q=drop database ${influx.database}`);
    expect(await store.write([storedReading(patient)])).toEqual([]);
    expect(await store.read({ ...query, patient })).toHaveLength(1);
  });

  it('waits when its password is wrong, says why, and puts no value into a log or onto the console', async () => {
    const lines: string[] = [];
    const spoken = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'log')];
    const influx = await testInflux();
    ends.push(influx.stop);
    const spokenLog = createLog('debug', { write: (line: string) => void lines.push(line) });
    const wrong = await createInfluxStore({ clock, log: spokenLog, random }, { ...influx, password: 'not it' });
    const right = await createInfluxStore({ clock, log: spokenLog, random }, influx);
    ends.push(wrong.close, right.close);
    const ending = new AbortController();
    const writing = wrong.write([storedReading(anyPatient(), { systolic: 187 })], ending.signal);
    await until(() => wrong.health().state === 'down');
    expect(wrong.health()).toMatchObject({
      state: 'down',
      detail: 'InfluxDB refuses our user name or password, or our token',
    });
    ending.abort(new Error('enough'));
    await expect(writing).rejects.toThrow('enough');

    await right.write([storedReading(anyPatient(), { systolic: 187, takenAt: '2600-01-01T00:00:00Z' })]);
    for (const spy of spoken) expect(spy).not.toHaveBeenCalled();
    expect(lines.join()).toContain('readings wait for InfluxDB');
    expect(lines.join()).not.toMatch(/187|not it/);
  });

  it('steps over points in its measurements that are no readings of ours', async () => {
    const influx = await testInflux();
    const store = await open(influx);
    const patient = anyPatient();
    const reading = storedReading(patient);
    await store.write([reading]);
    const stranger = `blood-pressure,patient=${patient},device=x systolic=1 1785398400000000000`;
    expect((await ask(influx, `/write?db=${influx.database}`, stranger)).status).toBe(204);
    expect(await store.read({ ...query, patient })).toEqual([reading]);
  });

  it('reads points from before one field held what every reading has, and a copy that comes later brings what they lacked', async () => {
    const influx = await testInflux();
    const store = await open(influx);
    const patient = anyPatient();
    const worn = { panel: 'heart-rate' as const, values: [{ vital: 'heart-rate' as const, value: 70, unit: '/min' }] };
    for (const wish of [{ marks: ['irregular-pulse' as const] }, worn]) {
      const reading: StoredReading = { ...storedReading(patient, wish), model: 'M3', flags: ['late'] };
      const { panel, id, device, source, takenAt, heardAt, storedAt, values } = reading;
      const numbers = values.map(({ vital, value }) => `${vital}=${value}`).join(',');
      const texts = `reading="${id}",source="${source}",taken_at="${takenAt}",heard_at="${heardAt}",stored_at="${storedAt}"`;
      const rest = `clock="${reading.clock}",marks="${reading.marks}",flags="late",model="\\"M3\\""`;
      const old = `${panel},device=${device},patient=${patient} ${texts},${rest},${numbers} ${timestampOf(reading)}`;
      expect((await ask(influx, `/write?db=${influx.database}`, old)).status).toBe(204);
      expect(await store.read({ ...query, panel, patient })).toStrictEqual([reading]);
      const precise = { ...reading, values: values.map((value) => ({ ...value, decimals: 1 })) };
      await store.write([precise]);
      expect(await store.read({ ...query, panel, patient })).toStrictEqual([precise]);
    }
  });

  it('is not confused by a patient id that is no id', async () => {
    const store = await open(await testInflux());
    await store.write([storedReading(anyPatient())]);
    for (const patient of [`' OR 1=1 --`, `x' OR "patient" != 'y`, `\\`, `\\' OR 1=1 --`])
      expect(await store.read({ ...query, patient: patient as never })).toEqual([]);
  });

  it('gives up a request that is not answered in time, and goes on when the server wakes', async () => {
    const influx = await privateInflux();
    const store: VitalsStore = await open(influx);
    const patient = anyPatient();
    await store.write([storedReading(patient)]);
    influx.freeze();
    const writing = store.write([storedReading(patient, { systolic: 150 })]);
    await until(() => store.health().state === 'down');
    expect(store.health().detail).toBe('InfluxDB did not answer in time');
    influx.thaw();
    expect(await writing).toEqual([]);
    expect(store.health()).toEqual({ state: 'ok' });
    expect(await store.read({ ...query, patient })).toHaveLength(2);
  });
};

describe('what answers in the place of InfluxDB', () => {
  // nothing here needs an influxd
  it.each([
    ['a port that wants TLS', 400, 'Client sent an HTTP request to an HTTPS server.\n'],
    ['a proxy without its upstream', 422, '<html><body>Unprocessable</body></html>'],
    ['a web server that says yes to everything', 200, '<html><body>Welcome</body></html>'],
  ])('%s is an outage: no reading counts as stored, and none as refused', async (_, status, text) => {
    const server = createServer((request, response) => request.resume().once('end', () => respond(response)));
    const respond = (response: ServerResponse) => response.writeHead(status, { 'content-type': 'text/html' }).end(text);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => new Promise((resolve) => server.close(() => resolve())));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const store = await createInfluxStore({ clock, log, random }, { url, database: 'vitals' });
    ends.push(store.close);
    const patient = anyPatient();
    const ending = new AbortController();
    let settled = false;
    const writing = store.write([storedReading(patient), storedReading(patient, { systolic: 150 })], ending.signal);
    void writing.then(
      () => {
        settled = true;
      },
      () => {},
    );
    await until(() => settled || store.health().detail === `InfluxDB answers with ${status}`);
    ending.abort(new Error('enough'));
    await expect(writing).rejects.toThrow('enough');
    const reading = store.read({ ...query, patient });
    await expect(reading).rejects.toThrow(/^InfluxDB answered a query with (\d+|something else than JSON)$/);
  });
});

describe('what looks like InfluxDB', () => {
  const like = async (answer: (path: string) => [status: number, json?: object]) => {
    const server = createServer((request, response) => {
      const [status, json] = answer(request.url ?? '');
      const headers = { 'x-influxdb-version': 'v2.7.12', 'content-type': 'application/json' };
      request.resume().once('end', () => response.writeHead(status, headers).end(json && JSON.stringify(json)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => new Promise((resolve) => server.close(() => resolve())));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return createInfluxStore({ clock, log, random }, { url, database: 'vitals' });
  };

  it('a proxy that has lost its upstream and says so in JSON has not said that there are no readings', async () => {
    const store = await like(() => [404, { message: 'no Route matched with those values' }]);
    ends.push(store.close);
    await expect(store.read({ ...query, patient: anyPatient() })).rejects.toThrow('answered a query with 404');
  });

  it('an answer that the server cut off is no answer', async () => {
    const series = [{ columns: ['time'], values: [[1]], partial: true }];
    const store = await like((path) => (path === '/query' ? [200, { results: [{ series, partial: true }] }] : [204]));
    ends.push(store.close);
    await expect(store.read({ ...query, patient: anyPatient() })).rejects.toThrow('cut off');
  });

  it('rollups that cannot be written leave the health of readings alone', async () => {
    const store = await like((path) => (path.includes('vitals_1h') ? [403, {}] : [204]));
    ends.push(store.close);
    const patient = anyPatient();
    const rollup = { patient, panel: 'blood-pressure' as const, from: 0, to: 9, values: { systolic: summary([140]) } };
    const ending = new AbortController();
    const writing = store.writeRollups([{ ...rollup, period: '1h' }], ending.signal);
    await until(() => store.health().state === 'degraded');
    expect(await store.write([storedReading(patient)])).toEqual([]);
    expect(store.health()).toMatchObject({ state: 'degraded', trouble: 'upkeep-waits' });
    ending.abort(new Error('enough'));
    await expect(writing).rejects.toThrow('enough');
  });

  it('a token that sees several organisations is a fault of set-up, with words that say what to do', async () => {
    const orgs = ['a', 'b'].map((name) => ({ id: name, name }));
    const opening = like((path) => (path.startsWith('/api/v2/orgs') ? [200, { orgs }] : [204]));
    await expect(opening).rejects.toThrow(/^INFLUX_ORG: /);
  });
});

if (hasInflux()) describe('the InfluxDB store', promises);
else
  it('has no influxd on this machine, where readings go to PostgreSQL', () => {
    expect(findInfluxd(process.env.PATH)).toHaveProperty('missing');
  });

/** influxd answers with the headers before it has done what it was asked: it is done when the body is there. */
const ask = async (influx: Influx, path: string, body: string) => {
  const answer = await fetch(influx.url + path, {
    method: 'POST',
    body,
    headers: {
      authorization: `Basic ${Buffer.from(`${influx.user}:${influx.password}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
  });
  await answer.text();
  return answer;
};
