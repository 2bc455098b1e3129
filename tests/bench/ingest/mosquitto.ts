import { type ChildProcess, fork, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { familyOf } from '../../support/machine.ts';
import { privateInflux } from '../../support/private-servers.ts';
import { freePort } from '../../support/run.ts';
import { until } from '../../support/until.ts';
import type { Contender } from './contender.ts';
import type { Sink } from './sink.ts';

/** Everything that consumers of Mosquitto subscribe to. */
export const allReadings = 'hb/v1/+/+/readings';

export type Mosquitto = { port: number; pid: number; stop(): Promise<void> };

/** Debian's Mosquitto, which keeps for its subscribers whatever they have not taken; or why there is none. */
export async function startMosquitto(
  more: (folder: string) => string[] = () => [],
): Promise<Mosquitto | { absent: string }> {
  const program = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, 'mosquitto'))
    .find((file) => existsSync(file));
  if (!program) return { absent: 'Mosquitto is not installed (to have it: apt-get install mosquitto).' };
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-mosquitto-'));
  chmodSync(folder, 0o777);
  const port = await freePort();
  const configuration = [
    `listener ${port} 127.0.0.1`,
    ...more(folder),
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${folder}/`,
    // the default, 1,000, throws away what a consumer has not taken yet; and 20 in flight would wait for each other
    'max_queued_messages 0',
    'max_inflight_messages 1000',
    'log_dest none',
  ];
  writeFileSync(join(folder, 'mosquitto.conf'), `${configuration.join('\n')}\n`);
  const child = spawn(program, ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
  const abandon = () => child.kill('SIGKILL');
  process.once('exit', abandon);
  const stop = async () => {
    process.off('exit', abandon);
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  await until(() => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('Mosquitto ended');
    return isOpen(port);
  });
  return { port, pid: child.pid!, stop };
}

/** Mosquitto, and the least that anybody writes behind it: a persistent session of MQTT.js, and batches into InfluxDB. */
export async function beginMosquitto(): Promise<Contender | { absent: string }> {
  return behindMosquitto('Mosquitto, MQTT.js', async (mqttPort, sink) => {
    const child = fork(join(import.meta.dirname, 'consumer-process.ts'), [JSON.stringify({ mqttPort, sink })]);
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error('the consumer ended')));
    });
    return { child, stop: () => end(child) };
  });
}

/** Mosquitto, an InfluxDB, and what stands between them. */
export async function behindMosquitto(
  name: string,
  begin: (mqttPort: number, sink: Sink) => Promise<{ child: ChildProcess; stop(): Promise<void> }>,
): Promise<Contender | { absent: string }> {
  const mosquitto = await startMosquitto();
  if ('absent' in mosquitto) return mosquitto;
  const influx = await privateInflux();
  const { child, stop } = await begin(mosquitto.port, influx).catch(async (fault) => {
    await mosquitto.stop();
    await influx.stop();
    throw fault;
  });
  return {
    name,
    mqttPort: mosquitto.port,
    sink: influx,
    processes: () => ({
      own: [...familyOf(mosquitto.pid), ...familyOf(child.pid!)],
      influx: familyOf(process.pid).filter((one) => one.name === 'influxd'),
    }),
    stop: async () => {
      await stop();
      await mosquitto.stop();
      await influx.stop();
    },
  };
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

export const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
