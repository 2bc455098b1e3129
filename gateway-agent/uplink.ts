import { connect, type MqttClient } from 'mqtt';
import { Command, ReceiptsMessage, type StatusMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { type Clock, within } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import type { Outbox, Waiting } from './outbox.ts';

/**
 * The way to the server: MQTT 3.1.1, QoS 1, with this source's own credentials. A PUBACK says that the broker has it on disk; only a receipt
 * takes a reading out of the outbox, and what is not receipted in time is sent again, for ever, ever more slowly. What was heard just
 * now goes before the backlog; within either, the order of hearing is kept.
 */
export interface Uplink {
  /** Sends what waits; called when something new does. */
  nudge(): void;
  /** The status has changed. */
  tell(): void;
  isConnected(): boolean;
  /** The answer takes the listener away. */
  onCommand(run: (command: Command) => void): () => void;
  /** Says goodbye with an offline status, if it can be said within seconds. */
  close(): Promise<void>;
}

export const uplinkLimits = {
  connectMs: 10_000,
  keepAliveS: 30,
  /** Readings in one message, and its bytes: the broker takes 64 KiB. */
  batch: 100,
  batchBytes: 48 * 1024,
  /** Readings sent and not receipted: the backlog waits then, the living do not until twice as many. */
  unreceipted: 500,
  /** No receipt for so long: sent again, later each time. */
  receiptMs: 20_000,
  receiptMostMs: 10 * 60_000,
  pubackMs: 30_000,
  /** Heard so recently, a reading goes first. */
  liveMs: 15 * 60_000,
  backOff: { firstMs: 1_000, mostMs: 60_000 },
  /** Status at least so often, and after a change at most so often. */
  statusMs: 5 * 60_000,
  statusPauseMs: 5_000,
  /** How often it looks for what is overdue. */
  lookMs: 5_000,
  goodbyeMs: 2_000,
  commandsRemembered: 100,
} as const;

export type UplinkConfig = {
  source: SourceId;
  secret: string;
  /** mqtt://host:port or mqtts://host:port. */
  mqttUrl: string;
  status: () => Omit<StatusMessage, 'v' | 'state'>;
};

export function createUplink(
  { outbox, clock, random, log }: { outbox: Outbox; clock: Clock; random: Random; log: Log },
  config: UplinkConfig,
): Uplink {
  const { source, secret, mqttUrl, status } = config;
  const topic = {
    readings: topicOf(source, 'readings'),
    status: topicOf(source, 'status'),
    receipts: topicOf(source, 'receipts'),
    commands: topicOf(source, 'commands'),
  };
  const closing = new AbortController();
  const sent = new Map<string, { dueAt: number; tries: number }>();
  const listeners = new Set<(command: Command) => void>();
  const commandsSeen: string[] = [];
  let client: MqttClient | undefined;
  let publishing = false;
  let statusAt = 0;
  let cancelStatus: (() => void) | undefined;

  const statusText = (state: StatusMessage['state']) =>
    JSON.stringify({ v: 1, state, ...(state === 'online' ? status() : {}) } satisfies StatusMessage);

  /** Resolves when the broker has acknowledged. */
  const publish = (to: string, text: string, retain = false): Promise<unknown> => {
    if (!client?.connected) return Promise.reject(new Error('not connected'));
    const acknowledged = client.publishAsync(to, text, { qos: 1, retain });
    return within(clock, uplinkLimits.pubackMs, acknowledged, () => new Error('no PUBACK in time'));
  };

  /** One batch after the other, as long as there is one that may go. */
  const pump = async () => {
    if (publishing || !client?.connected || closing.signal.aborted) return;
    publishing = true;
    const on = client;
    try {
      for (let batch = nextBatch(); batch.length > 0 && client === on; batch = nextBatch()) {
        for (const { ref } of batch) {
          const tries = (sent.get(ref)?.tries ?? 0) + 1;
          sent.set(ref, { tries, dueAt: clock.now() + patienceMs(tries, random) });
        }
        await publish(topic.readings, `{"v":1,"readings":[${batch.map((w) => w.message).join(',')}]}`);
      }
    } catch (fault) {
      log.debug('readings could not be published', faultDetails(fault));
      // a connection that does not acknowledge is none
      if (client === on) on.end(true);
    } finally {
      publishing = false;
    }
  };

  const nextBatch = (): Waiting[] => {
    const now = clock.now();
    const most = uplinkLimits.unreceipted;
    const mayGo = (w: Waiting) => (sent.get(w.ref)?.dueAt ?? 0) <= now;
    const room = (limit: number) => Math.max(0, limit - sent.size);
    const live = outbox.waiting(2 * most + uplinkLimits.batch, now - uplinkLimits.liveMs);
    const first = fitting(live.filter((w) => mayGo(w) && (sent.has(w.ref) || room(2 * most) > 0)));
    if (first.length > 0) return first;
    const all = outbox.waiting(most + uplinkLimits.batch);
    return fitting(all.filter((w) => mayGo(w) && (sent.has(w.ref) || room(most) > 0)));
  };

  const hear = (on: MqttClient, to: string, payload: Buffer) => {
    if (client !== on) return;
    let json: unknown;
    try {
      json = JSON.parse(payload.toString('utf8'));
    } catch {
      return log.warn('a message from the server is no JSON');
    }
    if (to === topic.receipts) {
      const message = ReceiptsMessage.safeParse(json);
      if (!message.success) return log.warn('a receipts message is malformed');
      try {
        outbox.receive(message.data.receipts);
      } catch (fault) {
        return log.error('receipts could not be taken in, the readings will be sent again', faultDetails(fault));
      }
      for (const { ref } of message.data.receipts) sent.delete(ref);
      const refused = message.data.receipts.filter((r) => r.outcome === 'quarantined').length;
      if (refused > 0) log.warn('the server refused readings, they are kept aside', { refused });
      void pump();
    }
    if (to === topic.commands) {
      const command = Command.safeParse(json);
      if (!command.success) return log.warn('a command is malformed');
      const { id, by } = command.data;
      if (commandsSeen.includes(id) || Date.parse(by) < clock.now()) return;
      commandsSeen.push(id);
      if (commandsSeen.length > uplinkLimits.commandsRemembered) commandsSeen.shift();
      for (const run of listeners) run(command.data);
    }
  };

  /** One connection: resolves when it has ended, with how long it stood, ms. */
  const attend = async (): Promise<number> => {
    const on = connect(mqttUrl, {
      protocolVersion: 4,
      clean: true,
      clientId: source,
      username: source,
      password: secret,
      keepalive: uplinkLimits.keepAliveS,
      connectTimeout: uplinkLimits.connectMs,
      // reconnecting is ours, with our own clock and back-off; so is sending again, from the outbox
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      will: { topic: topic.status, payload: Buffer.from(statusText('offline')), qos: 1, retain: true },
    });
    let since: number | undefined;
    const ended = new Promise<void>((resolve) => on.once('close', resolve).once('end', resolve));
    on.on('error', (fault) => {
      log.debug('the connection to the server failed', faultDetails(fault));
      on.end(true);
    });
    on.on('message', (to, payload) => hear(on, to, payload));
    on.once('connect', () => {
      since = clock.now();
      client = on;
      // whatever was under way is sent again: this connection knows nothing of it
      for (const entry of sent.values()) entry.dueAt = 0;
      const began = async () => {
        const grants = await on.subscribeAsync([topic.receipts, topic.commands], { qos: 1 });
        if (grants.some((g) => g.qos === 128)) throw new Error('the broker refuses the subscriptions');
        log.info('connected to the server', { waiting: outbox.count() });
        await tellNow();
        await pump();
      };
      began().catch((fault) => {
        log.warn('the connection could not be used', faultDetails(fault));
        on.end(true);
      });
    });
    const abort = () => on.end(true);
    closing.signal.addEventListener('abort', abort, { once: true });
    await ended;
    closing.signal.removeEventListener('abort', abort);
    if (client === on) {
      client = undefined;
      log.info('the connection to the server has ended');
    }
    on.end(true);
    return since === undefined ? 0 : clock.now() - since;
  };

  const keepConnected = async () => {
    let pauseMs: number = uplinkLimits.backOff.firstMs;
    while (!closing.signal.aborted) {
      const stoodMs = await attend();
      if (stoodMs >= uplinkLimits.backOff.mostMs) pauseMs = uplinkLimits.backOff.firstMs;
      // half of it by chance: a thousand homes must not knock at the same moment when a broker comes back
      await clock.sleep(pauseMs * (0.5 + random.next() / 2), closing.signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, uplinkLimits.backOff.mostMs);
    }
  };

  const tellNow = async () => {
    cancelStatus?.();
    cancelStatus = undefined;
    statusAt = clock.now();
    await publish(topic.status, statusText('online'), true).catch((fault) =>
      log.debug('the status could not be published', faultDetails(fault)),
    );
  };

  const stopLooking = clock.every(uplinkLimits.lookMs, () => {
    if (client?.connected && clock.now() - statusAt >= uplinkLimits.statusMs) void tellNow();
    void pump();
  });
  const connected = keepConnected();

  return {
    nudge: () => void pump(),
    tell: () => {
      const pauseMs = Math.max(0, statusAt + uplinkLimits.statusPauseMs - clock.now());
      cancelStatus ??= clock.after(pauseMs, () => {
        cancelStatus = undefined;
        if (client?.connected) void tellNow();
      });
    },
    isConnected: () => client?.connected === true,
    onCommand: (run) => {
      listeners.add(run);
      return () => listeners.delete(run);
    },
    close: async () => {
      stopLooking();
      cancelStatus?.();
      const on = client;
      if (on?.connected) {
        const goodbye = publish(topic.status, statusText('offline'), true).then(() => on.endAsync());
        await within(clock, uplinkLimits.goodbyeMs, goodbye, () => new Error('late')).catch(() => {});
      }
      closing.abort();
      await connected;
    },
  };
}

/** Grows with each try, with a fifth of chance. */
const patienceMs = (tries: number, random: Random): number =>
  Math.min(uplinkLimits.receiptMs * 2 ** (tries - 1), uplinkLimits.receiptMostMs) * (0.8 + random.next() / 5);

/** The first of them that fit into one message. */
function fitting(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  const end = waiting.slice(0, uplinkLimits.batch).findIndex((w, index) => {
    bytes += Buffer.byteLength(w.message) + 1;
    return bytes > uplinkLimits.batchBytes && index > 0;
  });
  return waiting.slice(0, end < 0 ? uplinkLimits.batch : end);
}
