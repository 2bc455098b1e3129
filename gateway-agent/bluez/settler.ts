import type { Clock } from '#runtime/clock.ts';

/** Even when nothing was said, the radio looks whether it still listens: a lost signal must not make it deaf for good. */
const lookAgainMs = 60_000;
const settleAgain = { firstMs: 1_000, mostMs: 30_000 } as const;

/**
 * Runs `settle` one at a time: when asked, after a failure with growing pauses, and now and then anyway.
 * @param settle resolves with whether it succeeded; does not reject.
 */
export function createSettler(clock: Clock, settle: () => Promise<boolean>) {
  let running = false;
  let asked = false;
  let stopped = false;
  let pauseMs: number = settleAgain.firstMs;
  let cancel = () => {};
  const run = async () => {
    if (stopped) return;
    if (running) {
      asked = true;
      return;
    }
    cancel();
    running = true;
    asked = false;
    const settled = await settle();
    running = false;
    if (stopped) return;
    if (asked) return void run();
    pauseMs = settled ? settleAgain.firstMs : Math.min(pauseMs * 2, settleAgain.mostMs);
    cancel = clock.after(settled ? lookAgainMs : pauseMs, () => void run());
  };
  return {
    now: () => void run(),
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}
