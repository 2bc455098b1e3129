import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { MqttClient } from 'mqtt';
import type { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { seededRandom } from '#runtime/random.ts';
import { connectAs, type Enrolled, publish } from './mqtt.ts';
import { conversation } from './mutants.ts';

export type Onslaught = { conversations: number; mutated: number };

/**
 * Holds spoilt conversations with a broker, one behind the other for each of `hostile`, until so many mutated packets were sent.
 * @param open a connection to it, by the number of the conversation
 */
export async function attack(
  wish: { hostile: Enrolled[]; foreign: SourceId; seed: number; mutated: number; open: (number: number) => Socket },
  told: Onslaught = { conversations: 0, mutated: 0 },
): Promise<Onslaught> {
  const { hostile, foreign, seed, open } = wish;
  await Promise.all(
    hostile.map(async (one) => {
      while (told.mutated < wish.mutated) {
        const number = told.conversations++;
        const held = conversation(one, foreign, seededRandom(seed * 1_000_003 + number).next);
        told.mutated += held.mutated;
        await hold(open(number), held);
      }
    }),
  );
  return told;
}

/** Sends it all, waits for a moment in which nothing comes any more, and hangs up. */
function hold(socket: Socket, { packets, manner }: ReturnType<typeof conversation>): Promise<void> {
  const bytes = Buffer.concat(packets);
  return new Promise((resolve) => {
    let quiet = setTimeout(() => socket.destroy(), 100);
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(quiet);
      resolve();
    });
    socket.on('data', () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => socket.destroy(), 10);
    });
    if (manner === 'deaf') socket.pause();
    if (manner === 'in-pieces') {
      for (let at = 0; at < bytes.length; at += 7 + (at % 11)) socket.write(bytes.subarray(at, at + 7 + (at % 11)));
    } else socket.write(bytes);
    if (manner === 'half-closed') socket.end();
    if (manner === 'reset')
      socket.write('', () => (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy()));
  });
}

const pauseMs = 10;

export type HonestStory = {
  acknowledged: number;
  slowestMs: number;
  /** How late this machine called it back, at most, while it waited for nobody. */
  machineLateMs: number;
  lost: boolean;
};

/** Somebody who publishes with QoS 1 all the time, waiting for each PUBACK. */
export async function honestClient(port: number, one: Enrolled) {
  const client: MqttClient = await connectAs(port, one);
  const told: HonestStory = { acknowledged: 0, slowestMs: 0, machineLateMs: 0, lost: false };
  let running = true;
  const publishing = (async () => {
    while (running && !told.lost) {
      const since = performance.now();
      const outcome = await publish(client, topicOf(one.source, 'readings'), `honest ${told.acknowledged}`);
      told.lost = outcome !== 'acknowledged';
      if (!told.lost) told.acknowledged += 1;
      told.slowestMs = Math.max(told.slowestMs, performance.now() - since);
      // a home sends now and then; without a pause it would be held back for sending too fast
      const pausedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      told.machineLateMs = Math.max(told.machineLateMs, performance.now() - pausedAt - pauseMs);
    }
  })();
  return {
    told,
    async stop() {
      running = false;
      await publishing;
      client.end(true);
      return told;
    },
  };
}
