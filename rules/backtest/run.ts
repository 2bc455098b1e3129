import { Worker } from 'node:worker_threads';
import type { BacktestKind, ParameterSet, PeopleModel } from '#domain/backtest.ts';
import { Outage, SetupFault } from '#domain/errors.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import type { VitalsAddress } from '#runtime/servers/vitals.ts';
import type { Answer } from './answer.ts';
import { byPatient, type Replayed, type Span } from './outcome.ts';
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

type Options = { onProgress: (share: number) => void; signal?: AbortSignal; memoryMiB?: number };

/**
 * Replays all of them on so many threads; patients come back in the order of their ids.
 * @param onProgress 0 to 1
 * @throws Outage, SetupFault, TooLarge, or the signal's reason
 */
export async function runBacktest(run: Run, options: Options & { threads: number }): Promise<Replayed[]> {
  const total = countOf(run);
  const threads = Math.max(1, Math.min(options.threads, total));
  const replayed: Replayed[] = [];
  const works = Array.from({ length: threads }, (_, nth) => shareOf(run, nth, threads));
  await inThreads(works, options, (word) => {
    if (!('replayed' in word)) return;
    replayed.push(word.replayed);
    options.onProgress(replayed.length / Math.max(1, total));
  });
  return replayed.sort(byPatient);
}

/** The same on one thread, which also puts the report together: whoever judges live is spared both. @param rules those looked at */
export async function answerBacktest(run: Run, rules: readonly string[], options: Options): Promise<Answer> {
  const total = countOf(run);
  let answer: Answer | undefined;
  await inThreads([{ ...shareOf(run, 0, 1), rules }], options, (word) => {
    if ('passed' in word) options.onProgress(word.passed / Math.max(1, total));
    if ('answer' in word) answer = word.answer;
  });
  if (!answer) throw new Error('a thread ended without an answer');
  return answer;
}

const countOf = ({ history }: Run): number => (history.in === 'store' ? history.patients.length : history.patients);

async function inThreads(works: readonly Work[], options: Options, onWord: (word: Word) => void): Promise<void> {
  const workers: Worker[] = [];
  let abort: (reason: unknown) => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(options.signal?.reason);
  });
  try {
    options.signal?.throwIfAborted();
    options.signal?.addEventListener('abort', abort, { once: true });
    const all = works.map((workerData) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        workerData,
        resourceLimits: { maxOldGenerationSizeMb: options.memoryMiB ?? usualMemoryMiB },
      });
      workers.push(worker);
      return ended(worker, onWord);
    });
    await Promise.race([Promise.all(all), aborted]);
  } finally {
    options.signal?.removeEventListener('abort', abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function shareOf({ history, kind, set, span, people }: Run, nth: number, of: number): Work {
  const rest = { kind, set, span, people, rules: null };
  return history.in === 'cohort'
    ? { ...rest, history: { in: 'cohort', path: history.path, nth, of } }
    : { ...rest, history: { ...history, patients: history.patients.filter((_, i) => i % of === nth) } };
}

/** Resolves when the thread has said all it had to say. */
function ended(worker: Worker, onWord: (word: Word) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (word: Word) => {
      if ('fault' in word) reject(faultOf(word));
      else onWord(word);
    });
    worker.on('error', (fault: Error & { code?: string }) =>
      reject(fault.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new TooLarge() : fault),
    );
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))));
  });
}

function faultOf(word: Extract<Word, { fault: string }>): Error {
  switch (word.fault) {
    case 'set-up':
      return new SetupFault(word.sentence);
    case 'history-away':
      return new Outage('vitals-store-away', 'the readings for a backtest could not be read', { retry: true });
    case 'fault':
      return new Error('a backtest failed', { cause: word.details });
  }
}
