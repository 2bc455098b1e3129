import type { StatusMessage } from '#domain/downward.ts';
import type { Clock } from '#runtime/clock.ts';
import type { UplinkLimits } from './limits.ts';

/**
 * When the status is sent: at least every so often, and soon after a change that somebody would want to know of. Signal strengths, times and what comes
 * and goes with every reading are no such change.
 */
export interface Telling {
  now(): Promise<void>;
  /** Something has changed: within `statusPauseMs`, however often it is said. */
  soon(): void;
  /** To be called now and then: sends it when it is due, or when something has changed that nobody has said. */
  look(): void;
  end(): void;
}

export function createTelling(
  clock: Clock,
  limits: UplinkLimits,
  deps: {
    status: () => Omit<StatusMessage, 'v' | 'state'>;
    everyMs: () => number;
    publish: (status: StatusMessage) => Promise<void>;
    /** It could not be told how it stands. */
    failed: (fault: unknown) => void;
  },
): Telling {
  let toldAt = Number.NEGATIVE_INFINITY;
  let told = '';
  let cancel: (() => void) | undefined;

  const now = async () => {
    cancel?.();
    cancel = undefined;
    const status = deps.status();
    toldAt = clock.now();
    told = noteworthy(status, limits);
    await deps.publish({ v: 1, state: 'online', ...status });
  };
  const soon = () => {
    const pauseMs = Math.max(0, toldAt + limits.statusPauseMs - clock.now());
    cancel ??= clock.after(Math.min(pauseMs, limits.statusPauseMs), () => void now().catch(deps.failed));
  };
  return {
    now,
    soon,
    look: () => {
      // a clock that was set back must not make it silent
      const agoMs = Math.abs(clock.now() - toldAt);
      if (agoMs >= deps.everyMs() || noteworthy(deps.status(), limits) !== told) soon();
    },
    end: () => cancel?.(),
  };
}

const noteworthy = (status: Omit<StatusMessage, 'v' | 'state'>, { clockWithinMs }: UplinkLimits): string => {
  const { outbox, radio, devices, clockOffsetMs = 0 } = status;
  return JSON.stringify([
    // the tenth of its share that it has come to
    outbox && [outbox.lost, outbox.aside, Math.floor((10 * outbox.bytes) / outbox.mostBytes)],
    radio,
    Math.abs(clockOffsetMs) > clockWithinMs,
    devices?.map(({ device, model, battery, trouble }) => [device, model, battery, trouble]).sort(),
  ]);
};
