import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import type { Command, Receipt } from '#domain/downward.ts';
import { CommandAnswer, StatusMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { Reading, ReadingsEnvelope } from '#domain/reading.ts';
import { mayPublish, maySubscribe, topicOf } from '#domain/topics.ts';

/**
 * The far end as one gateway sees it: an MQTT broker that lets in one source, and receipts what it gets, or does not. What the platform
 * itself does is tried elsewhere; here the server must be able to misbehave.
 */
export type ReceiptingServer = {
  port(): number;
  /** Every reading of every message, in the order they came, repetitions included. */
  readings: Reading[];
  /** Size of each message. */
  batches: number[];
  statuses: StatusMessage[];
  answers: CommandAnswer[];
  /** Its clock: it tells the time with receipts, and to whoever begins to listen. Undefined: it tells none. */
  clock(now: (() => number) | undefined): void;
  /** Whether it acknowledges readings, and whether it does so only after their receipt has left. */
  acknowledge(how: 'at-once' | 'after-the-receipt' | 'never'): void;
  /** Whether it answers who asks for what goes down to him. */
  answerSubscriptions(answers: boolean): void;
  /** It ends the connection at a message with such a reading. */
  closeAt(isUnbearable: (reading: Reading) => boolean): void;
  /** What becomes of a reading; undefined: no receipt is sent. */
  receipt(decide: (reading: Reading) => Receipt['outcome'] | undefined): void;
  /** Why it refuses those that are quarantined; `not-assigned` at first. */
  refuse(reason: string): void;
  /** From now on `readings` and `batches` stay as they are. */
  keepNothing(): void;
  /** Sends anything to the source. */
  send(kind: 'receipts' | 'commands', payload: object | string): void;
  command(command: Command): void;
  connections(): number;
  /** Breaks every connection, as a fallen cable does. */
  drop(): void;
  down(): Promise<void>;
  /** On the port it had. */
  up(): Promise<void>;
};

export async function startReceiptingServer(source: SourceId, secret: string): Promise<ReceiptingServer> {
  const readings: Reading[] = [];
  const batches: number[] = [];
  const statuses: StatusMessage[] = [];
  const answers: CommandAnswer[] = [];
  const sockets = new Set<Socket>();
  const unacknowledged: ((fault: Error) => void)[] = [];
  let reason = 'not-assigned';
  let keeps = true;
  let now: (() => number) | undefined = Date.now;
  let acknowledging: 'at-once' | 'after-the-receipt' | 'never' = 'at-once';
  let decide: (reading: Reading) => Receipt['outcome'] | undefined = () => 'stored';
  let answersSubscriptions = true;
  let isUnbearable = (_: Reading) => false;
  let aedes: Aedes;
  let server: Server;
  let port = 0;

  const send = (kind: 'receipts' | 'commands', payload: object | string) =>
    aedes.publish(
      {
        cmd: 'publish',
        topic: topicOf(source, kind),
        payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
        qos: 1,
        retain: false,
        dup: false,
      },
      () => {},
    );

  const take = (payload: Buffer) => {
    const taken = readingsIn(payload);
    if (keeps) {
      batches.push(taken.length);
      readings.push(...taken);
    }
    const receipts = taken.flatMap((reading): Receipt[] => {
      const outcome = decide(reading);
      if (!outcome) return [];
      return [{ ref: reading.ref, outcome, ...(outcome === 'quarantined' ? { reason } : {}) }];
    });
    if (receipts.length > 0) send('receipts', { v: 1, ...told(), receipts });
  };
  const told = () => (now ? { at: new Date(now()).toISOString() } : {});

  const up = async () => {
    aedes = await Aedes.createBroker();
    aedes.authenticate = (client, username, password, done) =>
      done(null, client.id === source && username === source && password?.toString() === secret);
    aedes.authorizePublish = (client, packet, done) => {
      if (!mayPublish(source, packet.topic)) return done(new Error('not its topic'));
      const isReadings = packet.topic === topicOf(source, 'readings');
      if (isReadings && readingsIn(packet.payload as Buffer).some(isUnbearable)) return void client?.close();
      // only the first thing to be done with a packet comes before its PUBACK
      if (isReadings && acknowledging !== 'at-once') take(packet.payload as Buffer);
      if (isReadings && acknowledging === 'never') return void unacknowledged.push(done);
      if (!isReadings || acknowledging === 'at-once') return done(null);
      setImmediate(() => done(null));
    };
    aedes.authorizeSubscribe = (_client, subscription, done) => {
      if (!answersSubscriptions) return;
      done(null, maySubscribe(source, subscription.topic) ? subscription : null);
    };
    aedes.on('publish', (packet) => {
      if (packet.topic === topicOf(source, 'readings') && acknowledging === 'at-once') take(packet.payload as Buffer);
      if (packet.topic === topicOf(source, 'answers'))
        answers.push(CommandAnswer.parse(JSON.parse(packet.payload.toString())));
      if (packet.topic === topicOf(source, 'status'))
        statuses.push(StatusMessage.parse(JSON.parse(packet.payload.toString())));
    });
    aedes.on('subscribe', (subscriptions) => {
      if (now && subscriptions.some(({ topic }) => topic === topicOf(source, 'receipts')))
        send('receipts', { v: 1, ...told(), receipts: [] });
    });
    server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      aedes.handle(socket);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
  };
  await up();

  return {
    port: () => port,
    readings,
    batches,
    statuses,
    answers,
    clock: (next) => {
      now = next;
    },
    acknowledge: (how) => {
      acknowledging = how;
    },
    answerSubscriptions: (next) => {
      answersSubscriptions = next;
    },
    closeAt: (next) => {
      isUnbearable = next;
    },
    receipt: (next) => {
      decide = next;
    },
    refuse: (next) => {
      reason = next;
    },
    keepNothing: () => {
      keeps = false;
    },
    send,
    command: (command) => send('commands', command),
    connections: () => sockets.size,
    drop: () => {
      for (const socket of sockets) socket.destroy();
    },
    down: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      for (const done of unacknowledged.splice(0)) done(new Error('the server ends'));
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
    up,
  };
}

const readingsIn = (payload: Buffer): Reading[] =>
  ReadingsEnvelope.parse(JSON.parse(payload.toString())).readings.map((one) => Reading.parse(one));
