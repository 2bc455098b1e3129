import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import nodemailer from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { onCallStep } from '#domain/escalation.ts';
import type { PatientId, SourceId } from '#domain/ids.ts';
import type { ReadingsMessage } from '#domain/reading.ts';
import { topicOf } from '#domain/topics.ts';
import { instant, systemClock } from '#runtime/clock.ts';
import { listen } from '#runtime/records/changes.ts';
import { makeClinician, makeDevice, makePatient, makeRota, makeSource, makeTeam } from '../support/people.ts';
import { privateInflux, privatePostgres } from '../support/private-servers.ts';
import { freePort } from '../support/run.ts';

/**
 * How long from a reading on the wire to the alert in the records, and to the page in the mail server's hands.
 * `npm run bench:latency`: the platform as it is started in a hospital, in its own process, on PostgreSQL and InfluxDB with
 * fsync; 500 patients behind 50 gateways; each has had a first severe reading, and sends the second, confirming one now,
 * ten a second. The yardstick, in the same run: the least that any such way must do one after the other on this machine, a
 * publish acknowledged from the journal's disk, a row committed to PostgreSQL, a mail handed to the same server.
 */
const patients = 500;
const gateways = 50;
const perSecond = 10;
const waitAtMostMs = 60_000;

type Case = {
  patient: PatientId;
  device: string;
  source: SourceId;
  sentAt?: number;
  ackedAt?: number;
  alertAt?: number;
  alert?: string;
};

const now = () => performance.timeOrigin + performance.now();

const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-bench-'));
const postgres = await privatePostgres();
const influx = await privateInflux();
const pagedAt = new Map<string, number>();
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  onData(stream, _session, done) {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    stream.on('end', () => {
      const alert = /alerts\/([0-9a-f-]{36})/.exec(text.replaceAll(/=\r?\n/g, ''))?.[1];
      if (alert && !pagedAt.has(alert)) pagedAt.set(alert, now());
      done();
    });
  },
});
const [smtpPort, httpPort, mqttPort] = [await freePort(), await freePort(), await freePort()];
await new Promise<void>((resolve) => smtp.listen(smtpPort, '127.0.0.1', resolve));

const platform = spawn(process.execPath, ['main.ts'], {
  stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  env: {
    PATH: process.env.PATH,
    DATA_DIR: folder,
    DATABASE_URL: postgres.url,
    INFLUX_URL: influx.url,
    INFLUX_USER: influx.user,
    INFLUX_PASSWORD: influx.password,
    HTTP_PORT: String(httpPort),
    MQTT_PORT: String(mqttPort),
    MQTTS_PORT: String(await freePort()),
    SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
    LOG_LEVEL: 'warn',
  },
});
try {
  await ready(platform);
  const { cases, clients } = await settle();
  const heard = listenForAlerts(cases);
  await until(() => heard.connected(), 'the listener to connect');

  for (const one of cases) await publish(clients.get(one.source)!, one, instant(now() - 60_000), 1);
  await judged(cases.length);
  process.stderr.write(`${cases.length} patients have had a first severe reading; the second ones go out now\n`);
  for (const one of cases) {
    const next = now() + 1000 / perSecond;
    one.sentAt = now();
    void publish(clients.get(one.source)!, one, instant(now()), 2).then(() => {
      one.ackedAt = now();
    });
    await systemClock.sleep(Math.max(0, next - now()));
  }
  await until(() => cases.every((one) => one.alert && pagedAt.has(one.alert)), 'every page to arrive');
  await report(cases);
  await heard.stop();
  for (const client of clients.values()) await client.endAsync();
} finally {
  platform.disconnect();
  await new Promise((resolve) => (platform.exitCode === null ? platform.once('exit', resolve) : resolve(0)));
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
  await influx.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function ready(child: ChildProcess): Promise<void> {
  let last = '';
  child.stderr!.on('data', (chunk) => {
    last = `${last}${chunk}`.slice(-2_000);
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the platform ended:\n${last}`);
    return fetch(`http://127.0.0.1:${httpPort}/health/ready`).then(
      (r) => r.ok,
      () => false,
    );
  }, 'the platform to be ready');
}

async function settle(): Promise<{ cases: Case[]; clients: Map<SourceId, MqttClient> }> {
  const { records } = postgres;
  const escalation = { steps: [onCallStep(0, 0)], repeatAfterSeconds: 3_600, rounds: 1 };
  const clients = new Map<SourceId, MqttClient>();
  const cases: Case[] = [];
  for (let gateway = 0; gateway < gateways; gateway++) {
    const { source, secret } = await makeSource(records, {});
    for (let home = 0; home < patients / gateways; home++) {
      // a team and a doctor each: of one team, what comes within a minute would be one message
      const team = await makeTeam(records, { escalation });
      await makeRota(records, team, [await makeClinician(records, { teams: [team], role: 'doctor' })]);
      const { id } = await makePatient(records, { team });
      cases.push({ patient: id, source, device: await makeDevice(records, { source, patient: id }) });
    }
    const login = { protocolVersion: 4, clientId: source, username: source, password: secret } as const;
    clients.set(source, await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, login));
  }
  // the gateways take turns, so that no one of them sends ten in a row
  cases.sort((a, b) => (a.device < b.device ? -1 : 1));
  return { cases, clients };
}

async function publish(client: MqttClient, one: Case, takenAt: string, number: number): Promise<void> {
  const message: ReadingsMessage = {
    v: 1,
    readings: [
      {
        ref: String(number),
        device: one.device,
        panel: 'blood-pressure',
        values: [
          { vital: 'systolic', value: 190 + number, unit: 'mm[Hg]' },
          { vital: 'diastolic', value: 118, unit: 'mm[Hg]' },
          { vital: 'pulse-rate', value: 90, unit: '/min' },
        ],
        takenAt,
        clock: 'source',
        heardAt: instant(now()),
      },
    ],
  };
  await client.publishAsync(topicOf(one.source, 'readings'), JSON.stringify(message), { qos: 1 });
}

/** All first readings have reached the rules: each has left its memory. */
async function judged(count: number): Promise<void> {
  await until(async () => {
    const rows = await postgres.records
      .selectFrom('rule_memory')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .where('rule', '=', 'blood-pressure-severe')
      .executeTakeFirstOrThrow();
    return Number(rows.count) >= count;
  }, 'the first readings to be judged');
}

function listenForAlerts(cases: Case[]) {
  const byPatient = new Map(cases.map((one) => [one.patient, one]));
  return listen(
    postgres.url,
    systemClock,
    (change) => {
      const one = change.kind === 'alert' ? byPatient.get(change.patient) : undefined;
      if (!one || one.alertAt !== undefined) return;
      one.alertAt = now();
      one.alert = change.id;
    },
    () => {},
  );
}

async function report(cases: Case[]): Promise<void> {
  const insert: number[] = [];
  const mail: number[] = [];
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: smtpPort, ignoreTLS: true, pool: true });
  for (let i = 0; i < 200; i++) {
    const start = now();
    await postgres.records
      .insertInto('agenda')
      .values({
        key: `yardstick-${i}`,
        kind: 'yardstick',
        subject: 'none',
        due_at: instant(now()),
        done_at: instant(now()),
        fault: null,
      })
      .execute();
    insert.push(now() - start);
    const handed = now();
    await transport.sendMail({ from: 'a@localhost', to: 'b@localhost', subject: 'yardstick', text: 'yardstick' });
    mail.push(now() - handed);
  }
  transport.close();

  const ack = cases.map((one) => one.ackedAt! - one.sentAt!);
  const alert = cases.map((one) => one.alertAt! - one.sentAt!);
  const page = cases.map((one) => pagedAt.get(one.alert!)! - one.sentAt!);
  const floor = [0.5, 0.99].map((q) => quantile(ack, q) + quantile(insert, q) + quantile(mail, q));
  const row = (name: string, values: number[], yardstick?: number[]) =>
    [
      name.padEnd(44),
      ...[0.5, 0.99].map((q) => `${quantile(values, q).toFixed(1)} ms`.padStart(11)),
      ...(yardstick
        ? [0.5, 0.99].map((q, i) => `${(quantile(values, q) / yardstick[i]!).toFixed(1)} x`.padStart(9))
        : []),
    ].join('');
  console.log(`\n${cases.length} readings, ${perSecond} a second\n`);
  console.log(
    `${''.padEnd(44)}${'p50'.padStart(11)}${'p99'.padStart(11)}${'p50'.padStart(9)}${'p99'.padStart(9)}  of the yardstick`,
  );
  console.log(row('reading → alert', alert, floor));
  console.log(row('reading → page', page, floor));
  console.log(row('yardstick: publish → PUBACK', ack));
  console.log(row('yardstick: one row committed', insert));
  console.log(row('yardstick: one mail handed over', mail));
}

function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

async function until(met: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = now() + waitAtMostMs;
  while (!(await met())) {
    if (now() > end) throw new Error(`waited ${waitAtMostMs / 1000} s in vain for ${what}`);
    await systemClock.sleep(20);
  }
}
