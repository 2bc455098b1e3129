import { randomBytes } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { SourceId } from '#domain/ids.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { cpuOf, residentOf } from '../support/machine.ts';
import type { Begin, Contender } from './ingest/contender.ts';
import { postDirectly } from './ingest/direct.ts';
import { beginHearthbeat } from './ingest/hearthbeat.ts';
import { openLoad } from './ingest/load.ts';
import { type BenchSource, panelOf } from './ingest/messages.ts';
import { beginMosquitto } from './ingest/mosquitto.ts';
import { beginNodeRed } from './ingest/node-red.ts';
import { heading, type Row, rowOf, tally } from './ingest/report.ts';
import { countStored, watchStoring } from './ingest/sink.ts';

/**
 * The whole way of a reading, from a publish to InfluxDB: `npm run bench:ingest -- --seconds 8 --sources 1000 --window 2 --samples 1,10,60 --of
 * hearthbeat,apart,mosquitto,node-red,direct`. Everybody gets the same messages, with QoS 1, from the same sources on the same machine, and an
 * InfluxDB 1.x that is new. Hearthbeat checks, finds the patient, keeps the latest values, judges and stores; the yardsticks parse and store.
 * A rate is what is counted in InfluxDB in the end by the time until it was there.
 */
const { values: wish } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    sources: { type: 'string', default: '1000' },
    window: { type: 'string', default: '2' },
    samples: { type: 'string', default: '1,10,60' },
    of: { type: 'string', default: 'hearthbeat,apart,mosquitto,node-red,direct' },
  },
});
const forMs = Number(wish.seconds) * 1_000;
const warmMs = 2_000;
const storedWithinMs = 120_000;
const lookEveryMs = 100;
const looksApart = 5;

const contenders: Record<string, Begin> = {
  hearthbeat: beginHearthbeat(false),
  apart: beginHearthbeat(true),
  mosquitto: beginMosquitto,
  'node-red': beginNodeRed,
};
const sources: BenchSource[] = Array.from({ length: Number(wish.sources) }, (_, place) => ({
  source: SourceId.parse(`bench-${place}`),
  secret: randomBytes(32).toString('base64url'),
  device: `bench-device-${place}`,
  panel: panelOf(place),
}));
const say = (line: string) => process.stderr.write(`${line}\n`);

// what was begun is removed as this process ends
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

const rows: Row[] = [];
const absent: string[] = [];
let missing = 0;
for (const name of wish.of.split(',')) {
  const begin = contenders[name];
  if (!begin) continue;
  const contender = await begin(sources);
  if ('absent' in contender) {
    absent.push(contender.absent);
    continue;
  }
  try {
    for (const samples of wish.samples.split(',').map(Number)) {
      const row = await measure(contender, samples);
      rows.push(row);
      say(`${contender.name}, ${samples} in a message: ${Math.round(row.perSecond)} readings/s`);
    }
  } finally {
    await contender.stop();
  }
}

console.log(
  `\n${cpus().length} processors, load ${loadavg()[0]!.toFixed(1)}; ${sources.length} sources, QoS 1, JSON, ${wish.window} messages under way at most from each\n`,
);
console.log(heading);
for (const row of rows) console.log(rowOf(row));
if (wish.of.split(',').includes('direct')) {
  const direct = await postDirectly(sources);
  const [p50, p99] = [tally(direct.storedMs, 0.5), tally(direct.storedMs, 0.99)];
  const perSecond = (direct.readings * 1_000) / direct.tookMs;
  console.log(
    `\nthe same lines posted to InfluxDB directly: ${Math.round(perSecond)} readings/s, stored after ${p50.toFixed(0)} / ${p99.toFixed(0)} ms, CPU per reading ${((direct.cpuMs * 1_000) / direct.readings).toFixed(1)} µs and InfluxDB ${((direct.influxCpuMs * 1_000) / direct.readings).toFixed(1)} µs`,
  );
  missing += direct.readings - direct.stored;
}
console.log('');
for (const { samples, perSecond, name, ackHalfMs } of rows.filter((row) => row.name === 'Hearthbeat'))
  for (const other of rows.filter((row) => row.name !== name && row.samples === samples))
    console.log(
      `${samples} in a message: ${(perSecond / other.perSecond).toFixed(2)} x the readings/s of ${other.name}, PUBACK p99 at half load ${(tally(ackHalfMs, 0.99) / tally(other.ackHalfMs, 0.99)).toFixed(2)} x`,
    );
for (const why of absent) console.log(`left out: ${why}`);
console.log(
  missing === 0
    ? 'Counted in InfluxDB: everything that was acknowledged is stored, once.'
    : `Counted in InfluxDB: ${missing} acknowledged readings are not there, or there are more than were sent.`,
);
process.exitCode = missing === 0 ? 0 : 1;

async function measure(contender: Contender, samples: number): Promise<Row> {
  const watch = watchStoring(contender.sink);
  const before = await countStored(contender.sink);
  const load = await openLoad({
    port: contender.mqttPort,
    sources,
    samples,
    window: Number(wish.window),
    onSent: watch.onSent,
  });
  try {
    let sent = before + (await load.flood(warmMs)).messages * samples;
    await allStored(contender, sent);
    await watch.take();

    const spent = meter(contender);
    const startedAt = clock.elapsed();
    const full = await load.flood(forMs);
    const residentBytes = residentOf(pidsOf(contender.processes().own));
    const residentInfluxBytes = residentOf(pidsOf(contender.processes().influx));
    sent += full.messages * samples;
    const stored = await allStored(contender, sent);
    const tookMs = clock.elapsed() - startedAt;
    const { ownMs, postgresMs, influxMs } = spent();
    const storedMs = await watch.take();

    const half = await load.pace(forMs * 0.75, (full.messages * 500) / tookMs);
    sent += half.messages * samples;
    const storedAtLast = await allStored(contender, sent);
    missing += Math.abs(sent - storedAtLast);
    const readings = full.messages * samples;
    return {
      name: contender.name,
      samples,
      perSecond: ((readings - (sent - half.messages * samples - stored)) * 1_000) / tookMs,
      ackedPerSecond: (readings * 1_000) / full.tookMs,
      ackMs: full.ackMs,
      storedMs,
      ackHalfMs: half.ackMs,
      storedHalfMs: await watch.take(),
      ownMicros: (ownMs * 1_000) / readings,
      postgresMicros: (postgresMs * 1_000) / readings,
      influxMicros: (influxMs * 1_000) / readings,
      residentBytes,
      residentInfluxBytes,
      missing: sent - storedAtLast,
    };
  } finally {
    load.close();
  }
}

/** Waits until so many are there, but not for ever. @returns how many there are */
async function allStored(contender: Contender, count: number): Promise<number> {
  const until = clock.elapsed() + storedWithinMs;
  for (;;) {
    const asked = clock.elapsed();
    const stored = await countStored(contender.sink);
    if (stored >= count || clock.elapsed() > until) return stored;
    // counting is work for InfluxDB, the more the longer somebody takes: it must not become the load that is measured
    await clock.sleep(Math.max(lookEveryMs, (clock.elapsed() - asked) * looksApart));
  }
}

/** The time that processors spend on a contender from now on. */
function meter(contender: Contender): () => { ownMs: number; postgresMs: number; influxMs: number } {
  const now = () => {
    const { own, influx } = contender.processes();
    const [postgres, others] = [true, false].map((is) => own.filter(({ name }) => (name === 'postgres') === is));
    return { own: cpuOf(pidsOf(others!)), postgres: cpuOf(pidsOf(postgres!)), influx: cpuOf(pidsOf(influx)) };
  };
  const before = now();
  return () => {
    const after = now();
    return {
      ownMs: after.own - before.own,
      postgresMs: after.postgres - before.postgres,
      influxMs: after.influx - before.influx,
    };
  };
}

function pidsOf(processes: readonly { pid: number }[]): number[] {
  return processes.map(({ pid }) => pid);
}
