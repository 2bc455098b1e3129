import { z } from 'zod';
import { type Command, Receipt, type StatusMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { type Clock, within } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import type { CommandOutcome } from '../commands.ts';
import { saysDamaged } from '../outbox/file.ts';
import type { Outbox, Waiting } from '../outbox/outbox.ts';
import { createAnswering } from './answering.ts';
import { type Connection, type ConnectionTrouble, keepConnected, type SignIn } from './connection.ts';
import { createLanes } from './lanes.ts';
import { type UplinkLimits, uplinkLimits } from './limits.ts';
import { corrected, createServerTime } from './server-time.ts';
import { createTelling } from './telling.ts';

/**
 * The way to the server: MQTT 3.1.1, QoS 1, with this source's own credentials. A PUBACK says that the broker has it on disk; only a receipt
 * takes a reading out of the outbox, and what is not receipted in time is sent again, for ever, ever more slowly. A reading that was receipted
 * is the server's: should that lose it, nobody here has it any more. Readings heard by a clock that turns out to be wrong are corrected before
 * they are sent for the first time; those of an earlier life of this process, or from before the clock was set, are sent as they are.
 */
export interface Uplink {
  /** Sends what waits; called when something new does. */
  nudge(): void;
  /** The status has changed. */
  tell(): void;
  isConnected(): boolean;
  /** Why it is not, where that is more than a server that is away. */
  trouble(): ConnectionTrouble | undefined;
  /** There is something else to sign in with: from now on it is used. */
  signInAnew(): void;
  /** How far this machine's clock is ahead of the server's, ms; undefined as long as nobody knows. */
  clockOffsetMs(): number | undefined;
  /** Whether that is too far: then no device should be told the time by it. */
  clockIsWrong(): boolean;
  /** Who acts on commands; what becomes of each is answered to the server. */
  onCommand(run: (command: Command) => Promise<CommandOutcome>): void;
  /** Says goodbye with an offline status, if it can be said within seconds. */
  close(): Promise<void>;
}

export type UplinkConfig = {
  source: SourceId;
  signIn: SignIn;
  /** mqtt://host:port or mqtts://host:port. */
  mqttUrl: string;
  status: () => Omit<StatusMessage, 'v' | 'state'>;
  /** The status is sent at least so often; undefined: `uplinkLimits.statusMs`. */
  statusMs?: () => number | undefined;
  limits?: Partial<UplinkLimits>;
};

export function createUplink(
  { outbox, clock, random, log }: { outbox: Outbox; clock: Clock; random: Random; log: Log },
  config: UplinkConfig,
): Uplink {
  const { source, signIn, mqttUrl } = config;
  const limits = { ...uplinkLimits, ...config.limits };
  const topic = {
    readings: topicOf(source, 'readings'),
    status: topicOf(source, 'status'),
    answers: topicOf(source, 'answers'),
    receipts: topicOf(source, 'receipts'),
    commands: topicOf(source, 'commands'),
  };
  const serverTime = createServerTime(clock, limits);
  let run = async (_: Command): Promise<CommandOutcome> => ({ outcome: 'refused', reason: 'nobody-listens' });
  /** Readings with a higher number were heard by the clock as it is now. */
  let byThisClock = outbox.lastNumber();
  /** By the clock that nobody sets: it stays the same as long as nobody sets the other. */
  const setting = () => clock.now() - clock.elapsed();
  let setAs = setting();
  let ready = false;
  let publishing = false;
  let timeTold = Promise.withResolvers<void>();

  /** Before anything is said by the clock or about it. */
  const noticeSetting = () => {
    if (Math.abs(setting() - setAs) <= limits.stepMs) return;
    setAs = setting();
    byThisClock = outbox.lastNumber();
    serverTime.forget();
    connection.listen().catch((fault) => log.debug('the time could not be asked', faultDetails(fault)));
  };

  /** Before they are sent for the first time, and on disk, so that they are never sent in two ways. */
  const correct = (readings: Waiting[]): Waiting[] => {
    noticeSetting();
    const offsetMs = serverTime.offsetMs();
    if (offsetMs === undefined || !serverTime.isWrong()) return [];
    const changed = readings
      .filter(({ n }) => n > byThisClock)
      .map((reading) => ({ ...reading, message: corrected(reading.message, offsetMs) }));
    try {
      outbox.rewrite(changed);
    } catch (fault) {
      log.error(
        'readings heard by a wrong clock could not be corrected, they are sent as they are',
        faultDetails(fault),
      );
      return [];
    }
    return changed;
  };
  const lanes = createLanes({ outbox, clock, random }, limits, correct);

  const answering = createAnswering({ answers: outbox.answers, serverTime, log }, limits, {
    run: (command) => run(command),
    publish: (text) => connection.publish(topic.answers, text),
  });

  const telling = createTelling(clock, limits, {
    status: config.status,
    everyMs: () => config.statusMs?.() ?? limits.statusMs,
    publish: async (status) => {
      if (connection.isOpen()) await connection.publish(topic.status, JSON.stringify(status), true);
    },
    failed: (fault) => log.warn('the status could not be told', faultDetails(fault)),
  });

  /** One batch after the other, as long as there is one that may go. */
  const pump = async () => {
    if (publishing || !ready) return;
    publishing = true;
    let underWay: Waiting[] | undefined;
    try {
      for (let batch = lanes.next(); batch.length > 0; batch = lanes.next()) {
        underWay = connection.isOpen() ? batch : undefined;
        await connection.publish(topic.readings, `{"v":1,"readings":[${batch.map((w) => w.message).join(',')}]}`);
        underWay = undefined;
        lanes.acknowledged(batch);
        if (!ready) break;
      }
    } catch (fault) {
      endIfDamaged(fault);
      if (underWay) lanes.failed(underWay);
      log[connection.isOpen() ? 'warn' : 'debug']('readings could not be published', faultDetails(fault));
    } finally {
      publishing = false;
    }
  };

  const hearReceipts = (json: unknown) => {
    const message = Receipts.safeParse(json);
    if (!message.success) return log.warn('a receipts message is malformed');
    const at = Instant.safeParse(message.data.at);
    noticeSetting();
    if (at.success) {
      serverTime.hear(Date.parse(at.data));
      timeTold.resolve();
    }
    // one by one, so that a bad one spoils no other
    const parsed = message.data.receipts.map((one) => Receipt.safeParse(one));
    const receipts = parsed.flatMap((one) => (one.success ? one.data : []));
    if (receipts.length < parsed.length) log.warn('receipts are malformed', { count: parsed.length - receipts.length });
    // where the server's time was not told before, its refusal may be the first word of it
    const future = receipts.filter((one) => one.reason === 'taken-in-the-future').map(({ ref }) => ref);
    const again = new Set(lanes.again(future));
    const taken = receipts.filter(({ ref }) => !again.has(ref));
    if (taken.length > 0) outbox.receive(taken);
    lanes.receipted(taken.map(({ ref }) => ref));
    const refused = taken.filter((one) => one.outcome === 'quarantined').length;
    if (refused > 0) log.warn('the server refused readings, they are kept aside', { refused });
    void pump();
  };

  /** Whoever has just begun to listen is told the time first. */
  const open = async () => {
    const told = timeTold;
    await within(clock, limits.timeMs, told.promise, () => new Error('the time is not told')).catch(() => {});
    if (timeTold !== told) return;
    if (serverTime.isWrong())
      log.error('the clock of this machine is wrong', { aheadS: Math.round((serverTime.offsetMs() ?? 0) / 1_000) });
    log.info('connected to the server', { waiting: outbox.count() });
    lanes.reconnected();
    ready = true;
    // a status that cannot be told must not keep what waits from going up
    await telling.now().catch((fault) => log.warn('the status could not be told', faultDetails(fault)));
    void answering.flush();
    await pump();
  };

  const connection: Connection = keepConnected(
    { clock, random, log },
    {
      source,
      signIn,
      mqttUrl,
      will: { topic: topic.status, text: offline },
      down: [topic.receipts, topic.commands],
    },
    limits,
    {
      heard: (to, payload) => {
        try {
          const json = JSON.parse(payload.toString('utf8'));
          if (to === topic.receipts) hearReceipts(json);
          if (to === topic.commands) answering.hear(json);
        } catch (fault) {
          endIfDamaged(fault);
          log.warn('a message of the server could not be taken in', faultDetails(fault));
        }
      },
      opened: () =>
        open().catch((fault) => {
          endIfDamaged(fault);
          throw fault;
        }),
      closed: () => {
        ready = false;
        timeTold = Promise.withResolvers();
      },
    },
  );

  const stopLooking = clock.every(limits.lookMs, () => {
    try {
      noticeSetting();
      lanes.sweep();
      outbox.compact();
      void answering.flush();
      void pump();
      if (ready) telling.look();
    } catch (fault) {
      endIfDamaged(fault);
      log.error('the outbox could not be looked through', faultDetails(fault));
    }
  });

  return {
    nudge: () => void pump(),
    tell: telling.soon,
    isConnected: connection.isOpen,
    trouble: connection.trouble,
    signInAnew: connection.renew,
    clockOffsetMs: () => {
      noticeSetting();
      return serverTime.offsetMs();
    },
    clockIsWrong: () => {
      noticeSetting();
      return serverTime.isWrong();
    },
    onCommand: (next) => {
      run = next;
    },
    close: async () => {
      stopLooking();
      telling.end();
      await connection.close(() => connection.publish(topic.status, offline, true));
    },
  };
}

/** Ends the process, for nobody handles this: whoever begins anew salvages what can be read. */
const endIfDamaged = (fault: unknown): void => {
  if (saysDamaged(fault)) void Promise.reject(fault);
};

const offline = JSON.stringify({ v: 1, state: 'offline' } satisfies StatusMessage);

/** As ReceiptsMessage, with its parts still unknown. */
const Receipts = z.object({ v: z.literal(1), at: z.unknown().optional(), receipts: z.array(z.unknown()).max(500) });
const Instant = z.iso.datetime();
