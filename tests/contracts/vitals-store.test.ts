import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { privateInflux, privatePostgres } from '../support/private-servers.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';
import { promisesOfRollups } from './vitals-rollups.ts';
import { promisesOfAVitalsStore } from './vitals-store.ts';

// where there is no InfluxDB, readings live in PostgreSQL, and that is what is tested there
if (hasInflux()) {
  const open = async () => {
    const influx = await testInflux();
    const store = await createInfluxStore({ clock, log, random }, influx);
    return { store, stop: () => inTurn(store.close, influx.stop) };
  };
  promisesOfRollups('InfluxDB', open, { deletes: true });
  promisesOfAVitalsStore('InfluxDB', open, async () => {
    const server = await privateInflux();
    const store = await createInfluxStore({ clock, log, random }, server);
    return { store, kill: server.kill, stop: () => inTurn(store.close, server.stop) };
  });
}

const openPostgres = async () => {
  const { records, stop } = await testDatabase();
  return { store: await createPostgresStore({ records, clock, log }), stop };
};
promisesOfRollups('PostgreSQL', openPostgres, { deletes: true });
promisesOfAVitalsStore('PostgreSQL', openPostgres, async () => {
  const server = await privatePostgres();
  const store = await createPostgresStore({ records: server.records, clock, log });
  return { store, kill: server.kill, stop: server.stop };
});

async function inTurn(...ends: (() => Promise<void>)[]): Promise<void> {
  for (const end of ends) await end();
}
