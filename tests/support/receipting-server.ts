import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import type { Command, Receipt } from '#domain/downward.ts';
import { StatusMessage } from '#domain/downward.ts';
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
  /** What becomes of a reading; undefined: no receipt is sent. */
  receipt(decide: (reading: Reading) => Receipt['outcome'] | undefined): void;
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
  const sockets = new Set<Socket>();
  let decide: (reading: Reading) => Receipt['outcome'] | undefined = () => 'stored';
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
    const envelope = ReadingsEnvelope.parse(JSON.parse(payload.toString()));
    const taken = envelope.readings.map((one) => Reading.parse(one));
    batches.push(taken.length);
    readings.push(...taken);
    const receipts = taken.flatMap((reading): Receipt[] => {
      const outcome = decide(reading);
      if (!outcome) return [];
      return [{ ref: reading.ref, outcome, ...(outcome === 'quarantined' ? { reason: 'not-assigned' } : {}) }];
    });
    if (receipts.length > 0) send('receipts', { v: 1, receipts });
  };

  const up = async () => {
    aedes = await Aedes.createBroker();
    aedes.authenticate = (client, username, password, done) =>
      done(null, client.id === source && username === source && password?.toString() === secret);
    aedes.authorizePublish = (_client, packet, done) =>
      done(mayPublish(source, packet.topic) ? null : new Error('not its topic'));
    aedes.authorizeSubscribe = (_client, subscription, done) =>
      done(null, maySubscribe(source, subscription.topic) ? subscription : null);
    aedes.on('publish', (packet) => {
      if (packet.topic === topicOf(source, 'readings')) take(packet.payload as Buffer);
      if (packet.topic === topicOf(source, 'status'))
        statuses.push(StatusMessage.parse(JSON.parse(packet.payload.toString())));
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
    receipt: (next) => {
      decide = next;
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
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
    up,
  };
}
