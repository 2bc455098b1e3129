import type { Clock } from '#runtime/clock.ts';
import type { Spoken } from '../profiles/catalogue.ts';
import type { Link } from '../radio/radio.ts';
import type { Hearing } from './hearing.ts';
import { streamLimits, visitLimits } from './limits.ts';
import type { Stays } from './stays.ts';
import type { Streams } from './streams.ts';

type On = { clock: Clock; link: Link; hearing: Hearing; quit: AbortSignal };

/**
 * The last part of a visit: listens until the device hangs up, or until there is no reason to stay. A device that speaks for as long as
 * somebody listens keeps a link for itself, if there is one to spare; else a stream is listened to until its first reading.
 * @returns by whom it ended; `backAfterMs`: until then a further visit would bring nothing.
 */
export async function listen(
  on: On,
  spoken: Spoken,
  streams: Streams,
  { stays, streamEveryMs }: { stays?: Stays; streamEveryMs: () => number },
): Promise<{ end: string; backAfterMs?: number }> {
  const { clock, hearing } = on;
  const begunAt = clock.elapsed();
  const measurements = spoken.flatMap((one) => one.measurements);
  const windows = measurements.filter((m) => m.window);
  const streamsOnly = windows.length > 0 && windows.length === measurements.length;
  const isLasting = measurements.some((m) => m.lasting);
  const dueInMs = () => windows.map((m) => streams.dueInMs(m.characteristic, clock.now()));
  const isBetween = () => dueInMs().every((ms) => ms > 0);
  const isSpaced = () => streamEveryMs() > streamLimits.staysBelowMs;
  const back = (end: string) => {
    if (end !== 'gateway') return { end };
    if (streamsOnly) return { end, backAfterMs: Math.max(...dueInMs(), streamLimits.backAfterMs) };
    return isLasting ? { end, backAfterMs: visitLimits.lastingBackMs } : { end };
  };
  if (streamsOnly && isBetween() && isSpaced()) return back('gateway');

  const place = isLasting || windows.length > 0 ? stays?.take() : undefined;
  const pass = place || !streamsOnly ? undefined : stays?.pass();
  if (stays && streamsOnly && !place && !pass) return back('gateway');
  // one that keeps everything, and only answers, has been asked
  const isAsked = !place && spoken.every(({ profile }) => profile.records);
  const idleLimitMs = place && isLasting ? visitLimits.lastingIdleMs : visitLimits.idleMs;
  const wholeMs = windows.length > 0 ? streamLimits.withinMs : visitLimits.wholeMs;

  const leftMs = (): number => {
    const now = clock.elapsed();
    const isStaying = place && !(streamsOnly && isSpaced());
    const idleLeftMs = idleLimitMs - (now - Math.max(hearing.lastWordAt(), begunAt));
    if (isAsked || (streamsOnly && !isStaying && isBetween())) return 0;
    if (isStaying && isLasting) return idleLeftMs;
    if (isStaying) return Math.min(idleLeftMs, streams.steadyAt(begunAt) + streamLimits.unsteadyMs - now);
    return Math.min(idleLeftMs, wholeMs - (now - begunAt));
  };
  try {
    return back(await stay(on, leftMs));
  } finally {
    place?.();
    pass?.();
  }
}

/**
 * Until the device hangs up, the gateway must leave, or there is no reason to stay.
 * @param leftMs how long it is worth staying if nothing happens; 0 to leave. Asked again every now and then.
 */
export async function stay(
  { clock, link, quit }: { clock: Clock; link: Link; quit: AbortSignal },
  leftMs: () => number,
): Promise<string> {
  // one reaction to the end of the link, however often we look: it may stand for weeks
  const over = new AbortController();
  let how: string | undefined;
  const end = (by: string) => {
    how ??= by;
    over.abort();
  };
  const leave = () => end('gateway');
  void link.ended.then(end);
  quit.addEventListener('abort', leave);
  if (quit.aborted) leave();
  try {
    while (how === undefined) {
      // one that ended in this very moment says so before anybody looks how long is left
      await Promise.resolve();
      const ms = how === undefined ? leftMs() : 0;
      if (ms <= 0) return how ?? 'gateway';
      await clock.sleep(Math.min(ms, lookAgainMs), over.signal).catch(() => {});
    }
    return how;
  } finally {
    quit.removeEventListener('abort', leave);
  }
}

const lookAgainMs = 1_000;
