import { connect, type Socket } from 'node:net';
import { Outage } from '#domain/errors.ts';
import { backOffMs } from './back-off.ts';
import type { Clock } from './clock.ts';
import type { Carrier } from './downlink.ts';
import { Answer, protocol, type Question, readFrames, type State, writeFrame } from './journal/frames.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { faultDetails, type Log } from './log.ts';
import type { Random } from './random.ts';

const pause = { firstMs: 50, mostMs: 3_000 };
/** Appended and not yet written into the socket. */
const waitingBytes = 64 * 1024 * 1024;

/** The journal that another process of this machine owns, and the way of receipts down through that process. */
export type JournalOverSocket = Journal & { carrier: Carrier };

type Consumer = {
  id: number;
  consumer: string;
  options: { batch: number; shards?: readonly number[] };
  consume: (batch: JournalEntry[]) => Promise<void>;
  inHand: Promise<void>;
  stopping: boolean;
  /** No other batch will come. */
  stopped: () => void;
  refusals: number;
};
type Link = { socket: Socket; appends: Map<number, { resolve: () => void; reject: (fault: Outage) => void }> };

/**
 * Reads the journal through the socket of its owner (runtime/journal/owner.ts). While the owner is away consumers wait, entries are
 * refused with an Outage, receipts are dropped (their sources send again), and it is tried again and again. `backlog` and `health`
 * are as the owner last said; while it is away, whatever a consumer has not seen counts as one entry at least.
 */
export function createJournalOverSocket(deps: {
  path: string;
  clock: Clock;
  random: Random;
  log: Log;
}): JournalOverSocket {
  const { path, clock, random, log } = deps;
  const consumers = new Map<number, Consumer>();
  const unknown: State['backlog'] = { entries: 0, bytes: 0, consumers: [] };
  let state: State | undefined;
  let link: Link | undefined;
  let failures = 0;
  let lastId = 0;
  let closed = false;
  let cancelRetry = () => {};
  reach();

  return {
    carrier: { receipts: (source, message) => void say({ say: 'receipts', source, message }) },
    append(entry) {
      if (closed) return Promise.reject(new Outage('journal-closed', 'the journal is closed'));
      if (!link) return Promise.reject(away());
      if (link.socket.writableLength > waitingBytes)
        return Promise.reject(new Outage('journal-busy', 'too much waits for the disk already'));
      const { appends } = link;
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        appends.set(id, { resolve, reject });
        say({ say: 'append', id }, [entry]);
      });
    },
    consume(consumer, options, consume) {
      if (closed) throw new Outage('journal-closed', 'the journal is closed');
      const overlaps = (one: Consumer) =>
        one.consumer === consumer &&
        (!one.options.shards || !options.shards || options.shards.some((shard) => one.options.shards?.includes(shard)));
      if ([...consumers.values()].some(overlaps)) throw new Error(`${consumer} consumes these shards already`);
      const one: Consumer = {
        id: ++lastId,
        consumer,
        options,
        consume,
        inHand: Promise.resolve(),
        stopping: false,
        stopped: () => {},
        refusals: 0,
      };
      consumers.set(one.id, one);
      if (link) ask(one);
      return { stop: () => stop(one) };
    },
    backlog() {
      const known = state?.backlog ?? unknown;
      if (link && state) return known;
      const names = new Set([...known.consumers.map((one) => one.consumer), ...namesOf(consumers)]);
      const behind = (name: string) => Math.max(1, known.consumers.find((one) => one.consumer === name)?.behind ?? 0);
      return {
        ...known,
        entries: Math.max(1, known.entries),
        consumers: [...names].map((consumer) => ({ consumer, behind: behind(consumer) })),
      };
    },
    health: () =>
      link && state ? state.health : { state: 'down', detail: 'the process that owns it (broker) does not answer' },
    async close() {
      if (closed) return;
      closed = true;
      cancelRetry();
      await Promise.all([...consumers.values()].map(stop));
      const { socket } = link ?? {};
      lose();
      await new Promise<void>((resolve) => (socket ? socket.end(resolve) : resolve()));
      socket?.destroy();
    },
  };

  function reach(): void {
    const socket = connect(path);
    const mine: Link = { socket, appends: new Map() };
    const read = readFrames(Answer, (answer, entries) => hear(mine, answer, entries));
    socket.on('data', (piece) => {
      try {
        read(piece);
      } catch (fault) {
        log.error('the owner of the journal says what nobody understands', faultDetails(fault));
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (link === mine) lose();
      if (closed) return;
      cancelRetry = clock.after(backOffMs(failures, pause, random), reach);
      failures += 1;
    });
  }

  function lose(): void {
    if (link && !closed) log.warn('the process that owns the journal has gone: waiting for it');
    const appends = [...(link?.appends.values() ?? [])];
    link = undefined;
    for (const { reject } of appends) reject(away());
    for (const one of consumers.values()) one.stopped();
  }

  function hear(from: Link, answer: Answer, entries: JournalEntry[]): void {
    if (answer.say === 'hello') {
      if (answer.protocol !== protocol) throw new Error('another version of the program owns the journal');
      link = from;
      // what the former owner said of itself holds no longer
      state = undefined;
      failures = 0;
      log.info('the journal is at hand');
      for (const one of consumers.values()) ask(one);
    } else if (answer.say === 'state') state = answer.state;
    else if (answer.say === 'appended') {
      const waiting = from.appends.get(answer.id);
      from.appends.delete(answer.id);
      const { fault } = answer;
      if (fault) waiting?.reject(new Outage(fault.code, fault.message, { retry: fault.retry }));
      else waiting?.resolve();
    } else hearOf(from, answer, entries);
  }

  function hearOf(
    from: Link,
    answer: Extract<Answer, { say: 'batch' | 'stopped' | 'refused' }>,
    entries: JournalEntry[],
  ) {
    const one = consumers.get(answer.id);
    if (!one) return;
    if (answer.say === 'stopped') return one.stopped();
    if (answer.say === 'refused') {
      log.warn('the journal is consumed by another process', { consumer: one.consumer, reason: answer.reason });
      one.stopped();
      one.refusals += 1;
      clock.after(backOffMs(one.refusals, pause, random), () => link === from && !one.stopping && ask(one));
      return;
    }
    one.refusals = 0;
    one.inHand = one.consume(entries).then(
      () => void (link === from && say({ say: 'done', id: one.id, ok: true })),
      (fault) => {
        log.warn('journal: a batch was not finished and comes again', {
          consumer: one.consumer,
          ...faultDetails(fault),
        });
        if (link === from) say({ say: 'done', id: one.id, ok: false });
      },
    );
  }

  /** A batch in hand when its owner went away is finished first; it comes again, for nobody could be told. */
  function ask(one: Consumer): void {
    const { id, consumer, options } = one;
    const from = link;
    const shards = options.shards && { shards: [...options.shards] };
    void one.inHand.then(() => {
      if (link === from && !one.stopping) say({ say: 'consume', id, consumer, batch: options.batch, ...shards });
    });
  }

  async function stop(one: Consumer): Promise<void> {
    one.stopping = true;
    if (link && consumers.has(one.id)) {
      const stopped = new Promise<void>((resolve) => {
        one.stopped = resolve;
      });
      say({ say: 'stop', id: one.id });
      await stopped;
    }
    await one.inHand;
    consumers.delete(one.id);
  }

  function say(question: Question, entries: Parameters<typeof writeFrame>[1] = []): void {
    link?.socket.write(writeFrame(question, entries));
  }
}

const namesOf = (consumers: Map<number, { consumer: string }>) => [...consumers.values()].map((one) => one.consumer);
const away = () => new Outage('journal-away', 'the process that owns the journal does not answer');
