import type { Clock } from '#runtime/clock.ts';
import type { Health, Service } from '#runtime/service.ts';

/** Work that is done over and over: one round at a time, the next `everyMs` after the last, whatever became of it. */
export function createRounds(
  { clock }: { clock: Clock },
  work: {
    name: string;
    everyMs: number;
    round(signal: AbortSignal): Promise<void>;
    /** Once for each time that rounds begin to fail. */
    onFault(fault: unknown): void;
  },
): Service {
  let ending: AbortController | undefined;
  let running: Promise<void> = Promise.resolve();
  let failed = false;

  async function turn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await work.round(signal);
        failed = false;
      } catch (fault) {
        if (!signal.aborted && !failed) work.onFault(fault);
        failed = !signal.aborted;
      }
      await clock.sleep(work.everyMs, signal).catch(() => {});
    }
  }

  return {
    name: work.name,
    async start() {
      ending = new AbortController();
      running = turn(ending.signal);
    },
    async stop() {
      ending?.abort(new Error(`${work.name} stops`));
      await running;
    },
    health(): Health {
      return failed ? { state: 'degraded', trouble: 'upkeep-waits', detail: 'the last round failed' } : { state: 'ok' };
    },
  };
}
