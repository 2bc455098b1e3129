import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { SourceId } from '#domain/ids.ts';
import { shardOf, topicOf } from '#domain/topics.ts';
import { systemClock } from '#runtime/clock.ts';
import { hashToken, newToken } from '#runtime/records/sources.ts';
import { connectPacket, pingPacket, publishPacket, subscribePacket } from '../support/mqtt-packets.ts';
import { privatePostgres } from '../support/private-servers.ts';

/**
 * What connected homes cost that say nothing: `npm run bench:connections -- [connections] [tls]`. The broker is a process of its own,
 * as it is in a hospital; homes are bare sockets in this one, each signed in with a token of its own and listening for
 * receipts and commands, as gateways do. Resident memory as the kernel counts it (VmRSS), before and after; then how long an
 * honest home waits for its acknowledgement among them, and what a connection costs in time.
 */
const [count = 10_000, tls] = [Number(process.argv[2] ?? 10_000), process.argv[3] === 'tls'];
const atOnce = 50;
const settleMs = 15_000;
const publishes = 500;

const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-bench-'));
const postgres = await privatePostgres();
let broker: ChildProcess | undefined;
try {
  const homes = Array.from({ length: count + 1 }, (_, i) => ({
    source: SourceId.parse(`home-${i}`),
    secret: newToken(),
  }));
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
  const args = [script, postgres.url, join(folder, 'journal'), ...(tls ? [join(folder, 'authority')] : [])];
  // as `npm run serve` starts it
  broker = spawn(process.execPath, ['--max-semi-space-size=16', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = broker.pid!;
  const line = await new Promise<string>((resolve) => broker!.stdout!.once('data', (data) => resolve(String(data))));
  const [port, tlsPort] = line.trim().split(' ').map(Number) as [number, number];

  const open = (): Socket =>
    tls ? connectTls({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1');
  const enter = async ({ source, secret }: (typeof homes)[number]): Promise<Socket> => {
    const socket = open();
    socket.on('error', (fault) => console.error('a home lost its connection:', fault.message));
    socket.write(connectPacket({ clientId: source, username: source, password: secret, keepAliveS: 0 }));
    await answered(socket, 4);
    socket.write(subscribePacket(1, [topicOf(source, 'receipts'), topicOf(source, 'commands')]));
    // SUBACK, and the time that a home is told
    await answered(socket, 7);
    socket.removeAllListeners('data');
    socket.resume();
    return socket;
  };

  const [one] = homes.splice(0, 1) as [(typeof homes)[number]];
  const honest = await enter(one);
  const before = await settled(pid);
  const [beganAt, cpuBefore] = [performance.now(), cpuMs(pid)];
  const sockets: Socket[] = [];
  while (sockets.length < count)
    sockets.push(...(await Promise.all(homes.slice(sockets.length, sockets.length + atOnce).map(enter))));
  const [tookMs, tookCpuMs] = [performance.now() - beganAt, cpuMs(pid) - cpuBefore];
  const after = await settled(pid);

  const waits: number[] = [];
  for (let id = 1; id <= publishes; id++) {
    const since = performance.now();
    honest.write(publishPacket({ topic: topicOf(one.source, 'readings'), payload: 'x', qos: 1, id }));
    await answered(honest, 4);
    waits.push(performance.now() - since);
  }
  waits.sort((a, b) => a - b);
  const idleCpu = cpuMs(pid);
  await systemClock.sleep(10_000);
  const idleShare = (cpuMs(pid) - idleCpu) / 10_000;
  for (const socket of sockets) socket.write(pingPacket());

  const kib = (bytes: number) => (bytes / 1024).toFixed(1);
  console.log(`${count} connections${tls ? ' over TLS' : ''}, signed in and listening, saying nothing`);
  console.log(`resident memory: ${kib(before / 1024)} MiB with one, ${kib(after / 1024)} MiB with all`);
  console.log(`${kib((after - before) / count)} KiB for each`);
  console.log(
    `${(tookMs / count).toFixed(2)} ms and ${(tookCpuMs / count).toFixed(2)} ms of the broker's CPU for each to come in`,
  );
  console.log(`${(idleShare * 100).toFixed(1)} % of a core while all are idle`);
  console.log(
    `PUBACK among them: p50 ${waits[publishes / 2]!.toFixed(1)} ms, p99 ${waits[Math.floor(publishes * 0.99)]!.toFixed(1)} ms`,
  );
  for (const socket of [honest, ...sockets]) socket.destroy();
} finally {
  broker?.kill('SIGKILL');
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Resolves when so many bytes have come. */
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

/** Resident bytes of the process once they have stayed the same within 1 %, or after a while. */
async function settled(pid: number): Promise<number> {
  await systemClock.sleep(settleMs);
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** User and system time so far; the kernel counts in hundredths of a second (USER_HZ). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
