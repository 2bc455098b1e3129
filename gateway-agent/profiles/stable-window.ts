import type { Mark, Value } from '#domain/reading.ts';
import { artefactMarks, testMarks } from '#domain/reading.ts';
import type { VitalName } from '#domain/vitals.ts';
import type { Decoded, Measured, Telling } from './profile.ts';

/**
 * Oximeters and chest straps say a number every second while they are worn. One of them is noise; the median over a while in which the
 * numbers stay together is a measurement. A sample that is no value, or that the device itself doubts, begins the while anew.
 */
export type StableWindow = {
  /** A while this long is stable when within it each vital sign stays within `spread`. */
  lengthMs: number;
  /** Largest minus smallest, in the catalogue's unit. A vital sign that is not named here may change as it likes. */
  spread: Partial<Record<VitalName, number>>;
  /** A gap longer than this begins anew. */
  gapMs: number;
  /** After a reading, this long passes before the next one. */
  everyMs: number;
};

export type Sample = { index: number; at: number; decoded: Decoded };

/** Kept between samples. `since` the last reading, ms since 1970. */
export type Gathering = { samples: { index: number; at: number; measured: Measured }[]; since: number | undefined };
export const nothingYet: Gathering = { samples: [], since: undefined };

/** The next sample: what is kept from now on, and the reading that became whole with it. */
export function addSample(before: Gathering, sample: Sample, window: StableWindow): Gathering & { whole?: Telling } {
  const { decoded, index, at } = sample;
  const { since } = before;
  if (!('measured' in decoded) || decoded.measured.marks.some(doubts)) return { samples: [], since };
  const last = before.samples.at(-1);
  const joined = last !== undefined && at >= last.at && at - last.at <= window.gapMs ? before.samples : [];
  const grown = [...joined, { index, at, measured: decoded.measured }];
  const steady = steadyTail(grown, window);
  // no second is exactly as long as another: the while begins with the last sample that is old enough
  const samples = steady.slice(
    Math.max(
      0,
      steady.findLastIndex((one) => at - one.at >= window.lengthMs),
    ),
  );
  const long = at - samples[0]!.at >= window.lengthMs;
  const due = since === undefined || at - since >= window.everyMs;
  // while none is due no while is whole, so that one that is told again, by itself, ends where it ended
  if (!long || !due) return { samples: long ? samples.slice(1) : samples, since };
  const of = samples.map((one) => one.index);
  return {
    samples: [],
    since: at,
    whole: { of, told: { measured: medianOf(samples.map((one) => one.measured)) }, streamed: true },
  };
}

/** All the readings in a row of samples; a frame that does not conform is told by itself. */
export function tellStream(samples: readonly Sample[], window: StableWindow): Telling[] {
  const tellings: Telling[] = [];
  let gathering = nothingYet;
  for (const sample of samples) {
    const { decoded, index } = sample;
    if ('fault' in decoded && !silentFaults.has(decoded.fault)) tellings.push({ of: [index], told: decoded });
    const { whole, ...kept } = addSample(gathering, sample, window);
    if (whole) tellings.push(whole);
    gathering = kept;
  }
  return tellings;
}

/** A device that finds no pulse says so every second: that is no frame to keep aside. */
const silentFaults: ReadonlySet<string> = new Set(['no-value', 'said-invalid']);

const doubts = (mark: Mark): boolean => artefactMarks.includes(mark) || testMarks.includes(mark);

/** The longest end of the row in which every vital sign stays within its spread. */
function steadyTail(samples: Gathering['samples'], { spread }: StableWindow): Gathering['samples'] {
  let from = samples.length;
  const seen = new Map<VitalName, { low: number; high: number }>();
  while (from > 0) {
    const { values } = samples[from - 1]!.measured;
    for (const { vital, value } of values) {
      const { low, high } = seen.get(vital) ?? { low: value, high: value };
      seen.set(vital, { low: Math.min(low, value), high: Math.max(high, value) });
    }
    if ([...seen].some(([vital, { low, high }]) => high - low > (spread[vital] ?? Number.POSITIVE_INFINITY))) break;
    from--;
  }
  return samples.slice(from);
}

/** Of each vital sign the lower median, which is a number that was measured; marks of any sample. The time is the last sample's. */
function medianOf(all: readonly Measured[]): Measured {
  const last = all.at(-1)!;
  const values = last.values.map(({ vital }): Value => {
    const measured = all
      .flatMap((one) => one.values.filter((value) => value.vital === vital))
      .sort((a, b) => a.value - b.value);
    return measured[Math.floor((measured.length - 1) / 2)]!;
  });
  return { ...last, values, marks: [...new Set(all.flatMap((one) => one.marks))] };
}
