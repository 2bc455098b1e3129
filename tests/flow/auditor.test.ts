import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect as connectTo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { canary } from '#domain/canary.ts';
import { createAgenda } from '#runtime/agenda.ts';
import { type Auditor, createAuditor } from '#runtime/auditor/auditor.ts';
import { legs } from '#runtime/auditor/flight.ts';
import { createHeartbeat } from '#runtime/auditor/heartbeat.ts';
import { keptMs, tidyUp } from '#runtime/auditor/tidy.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { createLinks } from '#runtime/links.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { careTeams, findClinicianByEmail } from '#runtime/records/clinicians.ts';
import { connect } from '#runtime/records/connect.ts';
import { devicesInHomes, findPatientsByWord, searchSources } from '#runtime/records/homes.ts';
import { teamsWithPatients } from '#runtime/records/paging-watch.ts';
import { sourcesHeard } from '#runtime/records/silence.ts';
import { listSources } from '#runtime/records/sources.ts';
import type { Service } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createBroker } from '../../broker/broker.ts';
import { createIngest } from '../../ingest/ingest.ts';
import { createRules } from '../../rules/rules.ts';
import { linkKey } from '../support/link-key.ts';
import { makeClinician, makePatient, makeTeam } from '../support/people.ts';
import { hasInflux, testDatabase, testInflux } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** The auditor beside a whole platform on real servers: its canary by MQTT, and somebody outside who listens. It looks two hundred times as often as in life. */

const lookMs = 300;
const token = 'a token of the canary, as long as one';
let database: Awaited<ReturnType<typeof testDatabase>>;
let store: VitalsStore;
let wire: Awaited<ReturnType<typeof openWire>>;
let auditor: Auditor;
let rules: Service;
let startRules: () => Promise<void>;
const beats: string[] = [];
const metrics = createMetrics();
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-auditor-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  database = await testDatabase();
  ends.push(database.stop);
  const { records, url: databaseUrl } = database;
  store = await openStore();
  const journal = await createJournalFiles({ folder, clock, log });
  ends.push(journal.close);
  const downlink = createDownlink();
  const shared = { records, journal, downlink, clock, random, log, metrics };
  const begin = async <S extends Service>(service: S): Promise<S> => {
    await service.start();
    ends.push(service.stop);
    return service;
  };
  await begin(createIngest({ ...shared, store }));
  const publicUrl = 'https://hearthbeat.example';
  startRules = async () => {
    const agenda = createAgenda({ records, clock, log }, { databaseUrl });
    const links = createLinks({ key: linkKey, publicUrl });
    const judge = createRules({ ...shared, store, agenda, channels: [], links }, { publicUrl, groupWithinMs: 0 });
    await agenda.start();
    await judge.start();
    rules = {
      ...judge,
      stop: async () => {
        await judge.stop();
        await agenda.stop();
      },
    };
  };
  await startRules();
  ends.push(() => rules.stop());
  const broker = await begin(createBroker(shared, { port: 0, host: '127.0.0.1' }));

  const outside = createHttpServer((request, response) => {
    beats.push(`${request.method} ${request.url}`);
    response.end();
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  ends.push(() => void outside.close());
  const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/ping/of-this-house`;
  const mqttUrl = `mqtt://127.0.0.1:${broker.port()}`;
  auditor = await begin(
    createAuditor(
      { ...shared, store, trusts: () => undefined, watcher: createHeartbeat({ clock }, { url, method: 'POST' }) },
      {
        canary: { mqttUrl, token, everyMs: 1_000, withinMs: 4_000, firstAfterMs: 0 },
        ...{ everyMs: lookMs, graceMs: 5_000 },
      },
    ),
  );
});
afterAll(async () => {
  wire?.mend();
  for (const end of ends.reverse()) await end();
});

async function openStore(): Promise<VitalsStore> {
  if (!hasInflux()) {
    const { hostname, port } = new URL(database.url);
    wire = await openWire(hostname, Number(port));
    const behind = connect(Object.assign(new URL(database.url), { port: wire.port }).href, {
      ...{ connections: 2, answerMs: 1_000, onFault: () => {} },
    });
    ends.push(() => behind.destroy());
    return createPostgresStore({ records: behind, clock, log });
  }
  const influx = await testInflux();
  ends.push(influx.stop);
  const { hostname, port } = new URL(influx.url);
  wire = await openWire(hostname, Number(port));
  const opened = await createInfluxStore({ clock, log, random }, { ...influx, url: `http://127.0.0.1:${wire.port}` });
  ends.push(opened.close);
  return opened;
}

/** To a server, through a wire that can be cut. */
async function openWire(host: string, port: number) {
  const open = new Set<Socket>();
  let cut = false;
  const server = createServer((near) => {
    if (cut) return near.destroy();
    const far = connectTo(port, host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('error', () => {});
      from.once('close', () => {
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
    return near;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      cut = true;
      for (const socket of open) socket.destroy();
    },
    mend: () => {
      cut = false;
    },
  };
}

const isBeating = async () => {
  const before = beats.length;
  await until(() => beats.length >= before + 2);
};
/** Nothing in the time of some looks. */
const isSilent = async () => {
  // one may be on its way
  await clock.sleep(lookMs);
  const before = beats.length;
  await clock.sleep(5 * lookMs);
  expect(beats.length).toBe(before);
};
const aboutCanary = () => auditor.canary();

it('beats once its canary has come home through broker, journal, stores, judge and pages, and says how long each leg took', async () => {
  expect(beats).toEqual([]);
  await isBeating();
  expect(new Set(beats)).toEqual(new Set(['POST /ping/of-this-house']));
  expect(aboutCanary().state).toBe('ok');
  for (const leg of legs) expect(aboutCanary().detail).toMatch(new RegExp(`${leg} \\d+ ms`));
  expect(await metrics.registry.metrics()).toMatch(/hearthbeat_canary_flights_total\{outcome="home"\} [1-9]/);
  const { records } = database;
  const pages = await records.selectFrom('page').select(['channel', 'recipient', 'state']).execute();
  expect(new Set(pages.map((page) => `${page.channel} ${page.recipient}`))).toEqual(
    new Set([`canary ${canary.clinician}`]),
  );
  await until(async () => {
    const states = await records.selectFrom('alert').select('outcome').where('state', '=', 'resolved').execute();
    return states.length > 0 && states.every(({ outcome }) => outcome === 'false-alarm');
  });
});

it('keeps the canary out of everything that people see', async () => {
  const { records } = database;
  const now = Date.now();
  expect(await careTeams(records)).toEqual([]);
  expect(await teamsWithPatients(records)).toEqual([]);
  expect(await listSources(records, { limit: 10 })).toEqual([]);
  expect(await devicesInHomes(records, now)).toEqual([]);
  expect(await findPatientsByWord(records, canary.patient, 10)).toEqual([]);
  expect(await searchSources(records, 'canary', { teams: [canary.team], limit: 10 })).toEqual([]);
  expect((await sourcesHeard(records, 0)).known).toBe(0);
  expect(await findClinicianByEmail(records, 'canary@hearthbeat.invalid')).toBeUndefined();
  const flagged = await records.selectFrom('patient').select('canary').execute();
  expect(flagged).toEqual([{ canary: true }]);
  expect(await metrics.registry.getSingleMetricAsString('hearthbeat_alerts_total')).not.toMatch(/\} [1-9]/);
});

it('does not beat while the store of readings is away, although alerts are judged, and says which leg is missing', async () => {
  wire.cut();
  await until(() => aboutCanary().state !== 'ok');
  expect(aboutCanary()).toMatchObject({ trouble: 'canary-lost', detail: expect.stringMatching(/^not stored;.*paged/) });
  await isSilent();
  wire.mend();
  await isBeating();
});

it('does not beat while the judge is dead', async () => {
  await rules.stop();
  await until(() => aboutCanary().detail?.startsWith('not opened'));
  await isSilent();
  await startRules();
  await isBeating();
});

it('does not beat while a page is stuck, although the canary comes home, and beats again when somebody answers', async () => {
  const { records } = database;
  const team = await makeTeam(records);
  const { id: patient } = await makePatient(records, { team });
  const { id: recipient } = await makeClinician(records, { teams: [team] });
  const long = new Date(Date.now() - 20_000);
  const like = await records.selectFrom('alert').selectAll().limit(1).executeTakeFirstOrThrow();
  const [alert, page] = [random.uuid(), random.uuid()];
  await records
    .insertInto('alert')
    .values({
      ...{ id: alert as never, patient_id: patient, team_id: team, rule: like.rule, problem: like.problem },
      ...{ rule_version: 1, parameters: '{}', severity: 'critical', state: 'open' },
      ...{ title: JSON.stringify(like.title), explanation: JSON.stringify(like.explanation) },
      ...{ evidence: JSON.stringify(like.evidence), escalation: JSON.stringify(like.escalation) },
      ...{ opened_at: long, raised_at: long },
    })
    .execute();
  await until(() => auditor.findings()['late-calls']?.trouble === 'alert-uncalled');
  await records
    .insertInto('page')
    .values({
      ...{ id: page as never, alert_id: alert as never, step: 0, channel: 'smtp', recipient },
      ...{ created_at: long, due_at: long, state: 'due' },
    })
    .execute();
  await until(() => auditor.findings()['stuck-pages']?.trouble === 'page-stuck');
  expect(aboutCanary().state).toBe('ok');
  await isSilent();
  await records
    .updateTable('alert')
    .set({ state: 'acknowledged' })
    .where('id', '=', alert as never)
    .execute();
  await isBeating();
});

it('lets what the canary left behind go after a day', async () => {
  const { records } = database;
  await auditor.stop();
  await tidyUp({ records, store }, Date.now() + keptMs + 60_000);
  const { patient, panel } = canary;
  expect(await store.read({ patient, panel, from: 0, to: Date.now() + 60_000, limit: 10 })).toEqual([]);
  for (const table of ['alert', 'task'] as const)
    expect(await records.selectFrom(table).select('id').where('patient_id', '=', patient).execute()).toEqual([]);
  expect(await records.selectFrom('first_hearing').selectAll().execute()).toEqual([]);
});
