import { openWakeQueue, type WakeQueue } from './agenda/queue.ts';
import { type Clock, within } from './clock.ts';
import { faultDetails, type Log } from './log.ts';
import {
  type AgendaEntry,
  agendaArrears,
  claimEntry,
  entriesDueBefore,
  findUndoneEntry,
  finishEntry,
  forgetDoneEntries,
  postponeEntry,
  putEntry,
} from './records/agenda.ts';
import { recordsAway } from './records/away.ts';
import type { Records, Within } from './records/connect.ts';
import type { Health, Service } from './service.ts';

export type { AgendaEntry } from './records/agenda.ts';

/**
 * What must happen when. PostgreSQL remembers, BullMQ wakes, and a sweep finds what nobody woke. Every entry runs at least once,
 * perhaps twice: a handler looks again at how things stand, and doing its work a second time must change nothing.
 */
export interface Agenda extends Service {
  /** Before `start`. The entry is done when `run` resolves; when it rejects it comes again, later each time. */
  handle(kind: string, run: (entry: AgendaEntry) => Promise<void>): void;
  /** Within the caller's transaction. A key that was put before changes nothing. Call `nudge` after the commit. */
  put(db: Within, entry: AgendaEntry): Promise<void>;
  /** Something may be due soon: look now and not at the next sweep. */
  nudge(): void;
}

/** How far ahead the queue is told; longer than a sweep, so that what is due between two sweeps is never late. */
const aheadMs = 45_000;
/** Due for so long and still not begun: the queue has let it slip, and it runs here. */
const slippedMs = 5_000;
/** A handler that is not back after so long is presumed dead, and the entry comes again. */
const leaseMs = 30_000;
/** BullMQ keeps its own clock: it may call a moment early. */
const earlyMs = 100;
const attemptsAtMost = 25;
const longestPauseMs = 5 * 60_000;
const atOnce = 1_000;
const hereAtOnce = 4;
const keepDoneMs = 7 * 24 * 3_600_000;
/** So long overdue is a fault a person must know of. */
const overdueMs = 60_000;

export function createAgenda(
  deps: { records: Records; clock: Clock; log: Log },
  config: { databaseUrl: string; redisUrl?: string | undefined; sweepMs?: number },
): Agenda {
  const { records, clock } = deps;
  const log = deps.log.child({ service: 'agenda' });
  const handlers = new Map<string, (entry: AgendaEntry) => Promise<void>>();
  /** What the queue has been told, by key: the due time it was told. */
  const told = new Map<string, number>();
  const running = new Map<string, Promise<void>>();
  const timers = new Set<() => void>();
  let queue: WakeQueue | undefined;
  let queueAway = false;
  let arrears: { overdue: number; givenUp: number } | undefined;
  let stopped = false;
  let stopSweeping = () => {};

  /** Runs the entry if it is due and nobody has it in hand. */
  const run = (key: string): Promise<void> => {
    const already = running.get(key);
    if (already) return already;
    const done = attempt(key).finally(() => running.delete(key));
    running.set(key, done);
    return done;
  };

  const attempt = async (key: string): Promise<void> => {
    told.delete(key);
    if (stopped) return;
    const entry = await findUndoneEntry(records, key, [...handlers.keys()]);
    if (!entry || entry.dueAt > clock.now() + earlyMs) return;
    await clock.sleep(Math.max(0, entry.dueAt - clock.now()));
    const attempts = await claimEntry(records, entry, clock.now() + leaseMs);
    if (attempts === undefined) return;
    try {
      await handlers.get(entry.kind)?.(entry);
      await finishEntry(records, key, clock.now());
    } catch (fault) {
      const pauseMs = Math.min(longestPauseMs, 500 * 2 ** Math.min(attempts, 20));
      log.warn('an agenda entry failed', { kind: entry.kind, attempts, ...faultDetails(fault) });
      if (attempts >= attemptsAtMost) log.error('an agenda entry is given up', { kind: entry.kind });
      await postponeEntry(records, key, faultWords(fault), clock.now() + pauseMs);
      nudge();
    }
  };

  /** Tells the queue what is due soon, and runs what it has let slip. */
  const look = async (): Promise<void> => {
    const now = clock.now();
    const due = await entriesDueBefore(records, [...handlers.keys()], {
      until: now + aheadMs,
      attemptsAtMost,
      limit: atOnce,
    });
    const fresh = due.filter((entry) => entry.dueAt >= now - slippedMs && told.get(entry.key) !== entry.dueAt);
    if (fresh.length > 0) await tell(fresh);
    const slipped = due.filter((entry) => entry.dueAt < now - slippedMs && !running.has(entry.key));
    void catchUp(slipped.map(({ key }) => key));
  };

  let catchingUp = false;
  const catchUp = async (keys: string[]): Promise<void> => {
    if (catchingUp || keys.length === 0) return;
    catchingUp = true;
    for (let i = 0; i < keys.length && !stopped; i += hereAtOnce)
      await Promise.all(keys.slice(i, i + hereAtOnce).map(runHere));
    catchingUp = false;
  };

  const tell = async (entries: { key: string; dueAt: number }[]): Promise<void> => {
    for (const { key, dueAt } of entries) told.set(key, dueAt);
    try {
      if (!queue) throw new Error('not open');
      await queue.add(entries);
      queueAway = false;
    } catch (fault) {
      if (!queueAway) log.warn('the job queue is away, entries run from timers', faultDetails(fault));
      queueAway = true;
      for (const { key, dueAt } of entries) {
        const cancel = clock.after(Math.max(0, dueAt - clock.now()), () => {
          timers.delete(cancel);
          void runHere(key);
        });
        timers.add(cancel);
      }
    }
  };

  const runHere = (key: string): Promise<void> =>
    run(key).catch((fault) => log.warn('an agenda entry could not be run', faultDetails(fault)));

  let looking: Promise<void> | undefined;
  let lookAgain = false;
  const nudge = (): void => {
    if (stopped || !queue) return;
    if (looking) {
      lookAgain = true;
      return;
    }
    lookAgain = false;
    looking = look()
      .catch((fault) => log.warn('the agenda could not be read', faultDetails(fault)))
      .finally(() => {
        looking = undefined;
        if (lookAgain) nudge();
      });
  };

  const sweep = async (): Promise<void> => {
    const now = clock.now();
    for (const [key, dueAt] of told) if (dueAt < now - slippedMs) told.delete(key);
    nudge();
    try {
      arrears = await agendaArrears(records, { before: now - overdueMs, attemptsAtMost });
      await forgetDoneEntries(records, now - keepDoneMs, atOnce);
    } catch (fault) {
      arrears = undefined;
      if (!recordsAway(fault)) log.warn('the agenda could not be swept', faultDetails(fault));
    }
  };

  return {
    name: 'agenda',
    handle: (kind, handler) => {
      if (handlers.has(kind)) throw new Error(`two handlers for agenda entries of kind ${kind}`);
      handlers.set(kind, handler);
    },
    put: putEntry,
    nudge,
    async start() {
      queue = await openWakeQueue({ clock, log }, config, run);
      stopSweeping = clock.every(config.sweepMs ?? 30_000, () => void sweep());
      await sweep();
    },
    async stop() {
      stopped = true;
      stopSweeping();
      for (const cancel of timers) cancel();
      await queue?.close();
      await looking;
      // what is still running after that comes again when its lease is over
      await within(clock, 1_000, Promise.allSettled(running.values()), () => new Error('late')).catch(() => {});
    },
    health(): Health {
      if (!queue) return { state: 'down', trouble: 'not-running', detail: 'not started' };
      if (!arrears) return { state: 'down', trouble: 'agenda-unreadable', detail: 'the agenda cannot be read' };
      if (arrears.givenUp > 0)
        return { state: 'degraded', trouble: 'agenda-given-up', detail: `${arrears.givenUp} entries given up` };
      if (arrears.overdue > 0)
        return { state: 'degraded', trouble: 'agenda-overdue', detail: `${arrears.overdue} entries overdue` };
      if (queueAway)
        return { state: 'degraded', trouble: 'queue-away', detail: 'the job queue is away, entries run from timers' };
      return { state: 'ok' };
    },
  };
}

/** What is kept of a fault: its kind and code. Texts of drivers may hold values. */
function faultWords(fault: unknown): string {
  if (!(fault instanceof Error)) return 'unknown';
  const code = (fault as { code?: unknown }).code;
  return typeof code === 'string' ? `${fault.name} ${code}` : fault.name;
}
