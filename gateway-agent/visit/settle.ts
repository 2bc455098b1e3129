import { type HeardFrame, interpret, type NewReading, type Verdict } from '../interpret.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Measured } from '../profiles/profile.ts';
import { liveWithinMs } from '../timing.ts';

/** Frames of the visit that are settled already, by their number, and as what. */
export type Told = Map<number, Verdict['is']>;

/** Settles what can be told of the frames of one visit to one device: all of it is on disk when this returns, or nothing. @param told grows. */
export function settleFrames(
  outbox: Outbox,
  frames: readonly HeardFrame[],
  over: boolean,
  zone: string,
  told: Told = new Map(),
): { readings: number; aside: number } {
  // what this very visit brought is in the outbox by now, and is new all the same
  const known = (frame: HeardFrame, measured: Measured) =>
    told.has(frame.n) ? told.get(frame.n) === 'again' : isKnown(outbox, frame, measured);
  const settings = frames[0] && outbox.notes.of(frames[0].device)?.clockSettings;
  const settled = interpret(frames, over, known, zone, settings).flatMap((verdicts, index) => {
    const frame = frames[index]!;
    return verdicts && !told.has(frame.n) ? [{ frame, verdicts }] : [];
  });
  outbox.together(() => {
    for (const { frame, verdicts } of settled) outbox.settle(frame, ...verdicts);
  });
  let readings = 0;
  let aside = 0;
  for (const { frame, verdicts } of settled) {
    const count = (is: Verdict['is']) => verdicts.filter((verdict) => verdict.is === is).length;
    told.set(frame.n, count('reading') > 0 ? 'reading' : verdicts[0]!.is);
    readings += count('reading');
    aside += count('aside');
  }
  return { readings, aside };
}

function isKnown(outbox: Outbox, frame: HeardFrame, measured: Measured): boolean {
  // without a time of its own, two equal measurements look like one told twice: so only within minutes are they taken for that
  if (measured.deviceTime === undefined) return outbox.knowsFrame(frame, liveWithinMs);
  return outbox.knows({ device: frame.device, ...measured } as NewReading);
}
