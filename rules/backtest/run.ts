import { Worker } from 'node:worker_threads';
import type { BacktestKind, ParameterSet, PeopleModel } from '#domain/backtest.ts';
import { Outage, SetupFault } from '#domain/errors.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import type { VitalsAddress } from '#runtime/servers/vitals.ts';
import type { Replayed, Span } from './outcome.ts';
import type { Word, Work } from './worker.ts';

/** What is to be replayed. `patients` of a cohort: how many it has. */
export type Run = {
  history:
    | { in: 'store'; address: VitalsAddress; patients: readonly JudgedPatient[] }
    | { in: 'cohort'; path: string; patients: number };
  kind: BacktestKind;
  set: ParameterSet | null;
  span: Span;
  people: PeopleModel;
};

/** It needed more memory than a thread is given. */
export class TooLarge extends Error {
  constructor() {
    super('a backtest needed more memory than it is given');
    this.name = 'TooLarge';
  }
}

/** Some 100 MB hold a year of a sensor that speaks every five minutes; the rest is for who wore several. */
const usualMemoryMiB = 768;

/**
 * Replays all of them on so many threads; patients come back in the order of their ids.
 * @param onProgress 0 to 1
 * @throws Outage, SetupFault, TooLarge, or the signal's reason
 */
export async function runBacktest(
  run: Run,
  options: { threads: number; onProgress: (share: number) => void; signal?: AbortSignal; memoryMiB?: number },
): Promise<Replayed[]> {
  const total = run.history.in === 'store' ? run.history.patients.length : run.history.patients;
  const threads = Math.max(1, Math.min(options.threads, total));
  const replayed: Replayed[] = [];
  const workers: Worker[] = [];
  const onReplayed = (one: Replayed) => {
    replayed.push(one);
    options.onProgress(replayed.length / Math.max(1, total));
  };
  let abort: (reason: unknown) => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(options.signal?.reason);
  });
  try {
    options.signal?.throwIfAborted();
    options.signal?.addEventListener('abort', abort, { once: true });
    const all = Array.from({ length: threads }, (_, nth) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        workerData: shareOf(run, nth, threads),
        resourceLimits: { maxOldGenerationSizeMb: options.memoryMiB ?? usualMemoryMiB },
      });
      workers.push(worker);
      return ended(worker, onReplayed);
    });
    await Promise.race([Promise.all(all), aborted]);
  } finally {
    options.signal?.removeEventListener('abort', abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return replayed.sort((a, b) => (a.patient < b.patient ? -1 : 1));
}

function shareOf({ history, kind, set, span, people }: Run, nth: number, of: number): Work {
  const rest = { kind, set, span, people };
  return history.in === 'cohort'
    ? { ...rest, history: { in: 'cohort', path: history.path, nth, of } }
    : { ...rest, history: { ...history, patients: history.patients.filter((_, i) => i % of === nth) } };
}

/** Resolves when the thread has said all it had to say. */
function ended(worker: Worker, onReplayed: (one: Replayed) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (word: Word) => {
      if ('replayed' in word) onReplayed(word.replayed);
      else reject(faultOf(word));
    });
    worker.on('error', (fault: Error & { code?: string }) =>
      reject(fault.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new TooLarge() : fault),
    );
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))));
  });
}

function faultOf(word: Exclude<Word, { replayed: Replayed }>): Error {
  switch (word.fault) {
    case 'set-up':
      return new SetupFault(word.sentence);
    case 'history-away':
      return new Outage('vitals-store-away', 'the readings for a backtest could not be read', { retry: true });
    case 'fault':
      return new Error('a backtest failed', { cause: word.details });
  }
}
