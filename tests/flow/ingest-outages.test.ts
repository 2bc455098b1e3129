import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { envelope, minutesAgo, openIngest, until } from '../support/ingest.ts';
import { privateInflux, privatePostgres } from '../support/private-servers.ts';
import { cuffReading } from '../support/readings.ts';
import { hasInflux } from '../support/servers.ts';

/** Where readings are kept, and which server goes away. */
const outages = [
  ...(hasInflux()
    ? ([
        ['InfluxDB', 'InfluxDB'],
        ['InfluxDB', 'PostgreSQL'],
      ] as const)
    : []),
  ['PostgreSQL', 'PostgreSQL'] as const,
];

describe.each(outages)('ingest with readings in %s, when %s is away', (kept, away) => {
  const house = async () => {
    const [influx, postgres] = await Promise.all([
      kept === 'InfluxDB' ? privateInflux() : undefined,
      privatePostgres(),
    ]);
    const store = influx
      ? await createInfluxStore({ clock, log, random }, influx)
      : await createPostgresStore({ records: postgres.records, clock, log });
    const stop = async () => void (await Promise.all([influx?.stop(), postgres.stop()]));
    const server = away === 'InfluxDB' && influx ? influx : postgres;
    return { ...(await openIngest({ ...postgres, store, stop })), server };
  };

  it('sends no receipt before it is back, says that it waits, loses nothing, and can be stopped meanwhile', async () => {
    const { append, done, sent, receipts, read, restart, ingest, source, device, patient, server } = await house();
    await sent(source, [cuffReading({ device, takenAt: minutesAgo(100) })]);
    expect(ingest().health()).toEqual({ state: 'ok' });

    await server.end();
    const readings = Array.from({ length: 50 }, (_, i) => cuffReading({ device, takenAt: minutesAgo(i) }));
    for (const reading of readings) await append(source, 'readings', envelope([reading]));
    await until(() => ingest().health().state !== 'ok');
    expect(receipts(source)).toHaveLength(1);
    const began = Date.now();
    await restart();
    expect(Date.now() - began).toBeLessThan(30_000);

    await server.begin();
    await done();
    expect(new Set(receipts(source).map(({ ref }) => ref)).size).toBe(51);
    expect(await read(patient)).toHaveLength(51);
    expect(ingest().health()).toEqual({ state: 'ok' });
  });
});
