import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import { SourceId } from '#domain/ids.ts';
import { shardOf, topicOf } from '#domain/topics.ts';
import { openAuthority } from '#runtime/authority/authority.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { hashToken, newToken } from '#runtime/records/sources.ts';
import { cpuOf, residentOf } from '../support/machine.ts';
import { connectPacket, publishPacket, subscribePacket } from '../support/mqtt-packets.ts';
import { privatePostgres } from '../support/private-servers.ts';
import { startMosquitto } from './ingest/mosquitto.ts';

/**
 * What connected homes cost that say nothing: `npm run bench:connections -- --counts 1000,5000,10000 --over plain,tls --of hearthbeat,mosquitto`. The
 * broker is a process of its own, as it is in a hospital; homes are bare sockets in this one, each signed in with a token of its own and listening
 * for receipts and commands, as gateways do. Resident memory by what is more than with one connection; then how long an honest home waits for
 * its acknowledgement among them, and what a connection costs in time. The yardstick, in the same run: Mosquitto, which lets anybody in.
 */
const { values: wish } = parseArgs({
  options: {
    counts: { type: 'string', default: '1000,5000,10000' },
    over: { type: 'string', default: 'plain,tls' },
    of: { type: 'string', default: 'hearthbeat,mosquitto' },
  },
});
const counts = wish.counts.split(',').map(Number);
const atOnce = 50;
const settleMs = 15_000;
const idleMs = 5_000;
const publishes = 500;

type Home = { source: SourceId; secret: string };
type Broker = { name: string; pid: number; open(): Socket; stop(): Promise<void> };

const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-bench-'));
const homes: Home[] = Array.from({ length: Math.max(...counts) + 1 }, (_, i) => ({
  source: SourceId.parse(`home-${i}`),
  secret: newToken(),
}));
/** For the name of this machine, signed by an authority that nobody asks. */
const authorityFolder = join(folder, 'authority');
mkdirSync(authorityFolder);
const authority = await openAuthority({ clock, log }, { folder: authorityFolder, passphrase: 'of this bench alone' });
const shown = (await authority.serverCredentials(['localhost', '127.0.0.1'])).credentials();
authority.stop();

const memoryOf = new Map<string, number>();
try {
  console.log(
    `\n${cpus().length} processors, load ${loadavg()[0]!.toFixed(1)}; signed in and listening, saying nothing\n`,
  );
  for (const transport of wish.over.split(','))
    for (const name of wish.of.split(',')) await measure(name, transport === 'tls');
  for (const [key, bytes] of memoryOf)
    if (key.startsWith('Hearthbeat')) {
      const other = memoryOf.get(key.replace('Hearthbeat', 'Mosquitto'));
      if (other) console.log(`${key}: ${(bytes / other).toFixed(1)} x the memory of Mosquitto`);
    }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(name: string, tls: boolean): Promise<void> {
  const broker = await (name === 'mosquitto' ? beginMosquitto(tls) : beginHearthbeat(tls));
  if ('absent' in broker) return void console.log(`left out: ${broker.absent}`);
  const sockets: Socket[] = [];
  try {
    const [one] = homes as [Home, ...Home[]];
    const honest = await enter(broker, one);
    sockets.push(honest);
    const alone = await settled(broker);
    for (const count of counts) {
      const [since, cpuBefore, before] = [clock.elapsed(), cpuOf([broker.pid]), sockets.length];
      while (sockets.length <= count) {
        const some = homes.slice(sockets.length, Math.min(sockets.length + atOnce, count + 1));
        sockets.push(...(await Promise.all(some.map((home) => enter(broker, home)))));
      }
      const came = sockets.length - before;
      const [tookMs, tookCpuMs] = [clock.elapsed() - since, cpuOf([broker.pid]) - cpuBefore];
      const bytes = ((await settled(broker)) - alone) / count;
      memoryOf.set(`${broker.name}, ${count}${tls ? ' over TLS' : ''}`, bytes);
      const waits = await waitsOf(honest, one);
      const cpuIdle = cpuOf([broker.pid]);
      await clock.sleep(idleMs);
      const share = (cpuOf([broker.pid]) - cpuIdle) / idleMs;
      console.log(
        `${broker.name.padEnd(11)}${tls ? 'TLS  ' : 'plain'}${String(count).padStart(7)}: ${(bytes / 1024).toFixed(1)} KiB each (${(alone / 2 ** 20).toFixed(0)} MiB with one), ${Math.round((came * 1_000) / tookMs)} come in a second at ${(tookCpuMs / came).toFixed(2)} ms of its CPU, ${(share * 100).toFixed(1)} % of a core while idle, PUBACK among them p50 ${waits[publishes / 2]!.toFixed(1)} p99 ${waits[Math.floor(publishes * 0.99)]!.toFixed(1)} ms`,
      );
    }
  } finally {
    for (const socket of sockets)
      socket
        .removeAllListeners('error')
        .on('error', () => {})
        .destroy();
    await broker.stop();
  }
}

async function enter(broker: Broker, { source, secret }: Home): Promise<Socket> {
  const socket = broker.open();
  socket.on('error', (fault) => console.error('a home lost its connection:', fault.message));
  socket.write(connectPacket({ clientId: source, username: source, password: secret, keepAliveS: 0 }));
  await answered(socket, 4);
  socket.write(subscribePacket(1, [topicOf(source, 'receipts'), topicOf(source, 'commands')]));
  // SUBACK with two grants; ours tells the time behind it, which may come later
  await answered(socket, 6);
  socket.resume();
  return socket;
}

async function waitsOf(honest: Socket, { source }: Home): Promise<number[]> {
  const waits: number[] = [];
  for (let id = 1; id <= publishes; id++) {
    const since = clock.elapsed();
    honest.write(publishPacket({ topic: topicOf(source, 'readings'), payload: 'x', qos: 1, id }));
    await answered(honest, 4);
    waits.push(clock.elapsed() - since);
  }
  return waits.sort((a, b) => a - b);
}

async function beginHearthbeat(tls: boolean): Promise<Broker> {
  const postgres = await privatePostgres();
  for (let at = 0; at < homes.length; at += 1_000)
    await postgres.records
      .insertInto('source')
      .values(
        homes.slice(at, at + 1_000).map(({ source, secret }) => ({
          ...{ id: source, kind: 'gateway' as const, shard: shardOf(source), secret_hash: hashToken(secret) },
          enrolled_at: new Date(),
        })),
      )
      .execute();
  const script = join(import.meta.dirname, '../support/broker-process.ts');
  const own = mkdtempSync(join(folder, 'hearthbeat-'));
  const args = [script, postgres.url, join(own, 'journal'), ...(tls ? [join(own, 'authority')] : [])];
  // as `npm run serve` starts it
  const child = spawn(process.execPath, ['--max-semi-space-size=16', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const line = await new Promise<string>((resolve) => child.stdout!.once('data', (data) => resolve(String(data))));
  const [port, tlsPort] = line.trim().split(' ').map(Number) as [number, number];
  return {
    ...{ name: 'Hearthbeat', pid: child.pid!, open: () => opened(tls, tls ? tlsPort : port) },
    stop: async () => {
      await killed(child);
      await postgres.stop();
    },
  };
}

async function beginMosquitto(tls: boolean): Promise<Broker | { absent: string }> {
  const mosquitto = await startMosquitto((own) => {
    if (!tls) return ['max_connections -1'];
    const files = { 'server.key': shown.key, 'server.pem': shown.certificate };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(own, name), text);
      // as root Mosquitto goes over to a user of its own
      chmodSync(join(own, name), 0o644);
    }
    return [`certfile ${join(own, 'server.pem')}`, `keyfile ${join(own, 'server.key')}`];
  });
  if ('absent' in mosquitto) return mosquitto;
  return { ...mosquitto, name: 'Mosquitto', open: () => opened(tls, mosquitto.port) };
}

function opened(tls: boolean, port: number): Socket {
  return tls
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    : connect({ port, host: '127.0.0.1', noDelay: true });
}

/** Resolves when at least so many bytes have come. */
function answered(socket: Socket, bytes: number): Promise<void> {
  let left = bytes;
  return new Promise((resolve) => {
    const take = (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return;
      socket.off('data', take);
      resolve();
    };
    socket.on('data', take);
  });
}

/** Bytes of the process once it has come to rest. */
async function settled({ pid }: Broker): Promise<number> {
  await clock.sleep(settleMs);
  return residentOf([pid]);
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
