/**
 * The only place that knows what time it is, and the only one that waits. Everything else is handed a Clock, so that a
 * test or a simulation can hand in its own.
 */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Milliseconds since some moment, for comparing two of them: goes on evenly when somebody sets the time of the machine. */
  elapsed(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` once after `ms`; the answer cancels. */
  after(ms: number, run: () => void): () => void;
  /** Calls `run` every `ms`; the answer stops it. */
  every(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', abort, { once: true });
    }),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
};

/** RFC 3339 in UTC with milliseconds. */
export const instant = (ms: number): string => new Date(ms).toISOString();

/**
 * For work that is long and never waits, so that a door in the same process need not: call it between two pieces, and wait for what it answers.
 * It answers something only when what lies behind the last pause has taken too long.
 */
export function createPauses(clock: Pick<Clock, 'elapsed' | 'sleep'>): () => Promise<void> | undefined {
  let since = clock.elapsed();
  return () => {
    if (clock.elapsed() - since < withoutPauseMs) return undefined;
    return clock.sleep(0).then(() => {
      since = clock.elapsed();
    });
  };
}

const withoutPauseMs = 5;

/** `promise`, or a rejection with `late()` after `ms`. Does not stop the work: the caller must be able to abandon it. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  let cancel = () => {};
  const deadline = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(late()));
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    cancel();
  }
}
