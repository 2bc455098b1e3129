import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceId } from '#domain/ids.ts';
import { shardOf } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createIngest } from '../../ingest/ingest.ts';
import { makeDevice, makePatient, makeSource, makeTeam } from '../support/people.ts';
import { privateInflux, privatePostgres } from '../support/private-servers.ts';
import { startJudging } from '../support/judging.ts';

const samples = Number(process.argv[2] ?? 1);
const messages = Number(process.argv[3] ?? 60_000);
const who = process.argv[4] ?? 'both';
const sources = 1_000;

const [influx, postgres] = await Promise.all([privateInflux(), privatePostgres()]);
const { records } = postgres;
const store = await createInfluxStore({ clock, log, random }, influx);
const team = await makeTeam(records);
const homes: { source: any; device: any; panel: string }[] = [];
for (let i = 0; i < sources; i++) {
  const patient = (await makePatient(records, { team })).id;
  const { source } = await makeSource(records, { id: `gw-${i}` });
  const device = await makeDevice(records, { source, patient, id: DeviceId.parse(`watch-${i}`) });
  homes.push({ source, device, panel: i % 10 === 0 ? 'blood-pressure' : 'heart-rate' });
}
const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-bench-'));
const journal = await createJournalFiles({ folder, clock, log });
const t0 = clock.now() - 600_000;
const payloadOf = (home: (typeof homes)[number], n: number) => {
  const at = (k: number) => new Date(t0 + (n * samples + k)).toISOString();
  const values = (k: number) =>
    home.panel === 'heart-rate'
      ? [{ vital: 'heart-rate', value: 62 + (k % 20), unit: '/min' }]
      : [
          { vital: 'systolic', value: 112 + (k % 15), unit: 'mm[Hg]' },
          { vital: 'diastolic', value: 68 + (k % 10), unit: 'mm[Hg]' },
        ];
  const common = { device: home.device, panel: home.panel, clock: 'source', heardAt: at(0) };
  if (samples >= 60)
    return {
      v: 1,
      readings: [],
      series: [
        {
          ...common,
          ref: `${n}`,
          start: at(0),
          stepMs: 1,
          columns: values(0).map(({ vital, unit }, c) => ({
            vital,
            unit,
            values: Array.from({ length: samples }, (_, k) => values(k)[c]!.value),
          })),
        },
      ],
    };
  return {
    v: 1,
    readings: Array.from({ length: samples }, (_, k) => ({ ...common, ref: `${n}-${k}`, values: values(n + k), takenAt: at(k) })),
  };
};
const receivedAt = clock.now();
let appends: Promise<void>[] = [];
for (let n = 0; n < messages; n++) {
  const home = homes[n % sources]!;
  appends.push(
    journal.append({
      shard: shardOf(home.source),
      source: home.source,
      kind: 'readings',
      receivedAt,
      payload: Buffer.from(JSON.stringify(payloadOf(home, n))),
    }),
  );
  if (appends.length === 5_000) {
    await Promise.all(appends);
    appends = [];
  }
}
await Promise.all(appends);
const downlink = createDownlink();
let receipts = 0;
let sent = 0;
downlink.carriedBy({ receipts: (_, message) => { receipts += message.receipts.length; sent++; } });
const metrics = createMetrics();
const cpu = process.cpuUsage();
const began = clock.elapsed();
console.log('filled');
const ingest = createIngest({ journal, store, records, downlink, clock, log, metrics });
const stops: (() => Promise<unknown>)[] = [];
const { createAgenda } = await import('#runtime/agenda.ts');
const { createRules } = await import('../../rules/rules.ts');
const agenda = createAgenda({ records, clock, log }, { databaseUrl: postgres.url });
if (who !== 'rules') {
  await ingest.start();
  stops.push(() => ingest.stop());
}
if (who !== 'ingest') {
  await agenda.start();
  const rules = createRules({ journal, records, agenda, channels: [], clock, random, log, metrics }, { publicUrl: 'http://x' });
  await rules.start();
  stops.push(() => rules.stop(), () => agenda.stop());
}
const doneAt: Record<string, number> = {};
const want = who === 'both' ? ['ingest', 'rules'] : [who];
while (Object.keys(doneAt).length < want.length) {
  await clock.sleep(10);
  for (const { consumer, behind } of journal.backlog().consumers)
    if (behind === 0 && want.includes(consumer)) doneAt[consumer] ??= clock.elapsed() - began;
}
const used = process.cpuUsage(cpu);
const all = messages * samples;
for (const [consumer, ms] of Object.entries(doneAt))
  console.log(consumer, `${Math.round(ms)} ms`, `${Math.round((all / ms) * 1000)} readings/s`);
console.log('cpu µs per reading', ((used.user + used.system) / all).toFixed(2), 'receipts', receipts, 'messages', sent, 'rss', Math.round(process.memoryUsage.rss() / 1e6));
for (const stop of stops.reverse()) await stop();
await journal.close();
await store.close();
await Promise.all([influx.stop(), postgres.stop()]);
rmSync(folder, { recursive: true, force: true });
