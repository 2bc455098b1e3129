import { DeviceId } from '#domain/ids.ts';
import type { Reading } from '#domain/reading.ts';
import { instant } from '#runtime/clock.ts';
import { profiles } from './profiles/catalogue.ts';
import { countedMs } from './profiles/device-time.ts';
import type { FrameFault, Measured, Telling, Told } from './profiles/profile.ts';
import { tell } from './profiles/tell.ts';
import { aheadWithinMs, type Comparison, type Placing, placeAll } from './timing.ts';

/** A value as it was heard, which is on disk before anybody looks into it. `n` is its number in the outbox. */
export type HeardFrame = {
  n: number;
  visit: string;
  device: string;
  profile: string;
  characteristic: number;
  model?: string;
  comparison?: Comparison;
  heardAt: number;
  bytes: Buffer;
};

export type NewReading = Omit<Reading, 'ref'>;

export type Verdict =
  | { is: 'reading'; reading: NewReading }
  /** Heard before: a replay of the device's memory, or the same indication twice. */
  | { is: 'again' }
  /** It had its part in what another frame says, or only helped to understand others. */
  | { is: 'part' }
  | { is: 'aside'; reason: FrameFault | 'time-unknown' };

/**
 * What the frames of one visit say, in the order heard: for each frame what it says, of which there may be several, or undefined for one that
 * cannot be told before the visit is over. Pure.
 * What takes several frames is said by the first of them; the others are `part`, and told after it.
 * @param known whether this measurement was taken in at an earlier visit.
 */
export function interpret(
  frames: readonly HeardFrame[],
  over: boolean,
  known: (frame: HeardFrame, measured: Measured) => boolean,
  zone: string,
): (Verdict[] | undefined)[] {
  const tellings = tellAll(frames, over);
  const fresh = tellings.filter((telling, nth) => {
    if (!('measured' in telling.told) || telling.streamed || isAbsolute(telling.told.measured)) return false;
    return !known(frames[telling.of[0]!]!, telling.told.measured) && !isRepeated(frames, tellings, nth);
  });
  const comparison = frames.findLast((frame) => frame.comparison)?.comparison;
  const places = placeAll(
    fresh.map(({ of, told }) => ({ heardAt: frames[of[0]!]!.heardAt, ...timeIn(told) })),
    over,
    comparison,
    zone,
  );

  const placeOf = (telling: Telling, measured: Measured): Placing | 'again' | undefined => {
    const first = frames[telling.of[0]!]!;
    if (telling.streamed) return { takenAt: frames[telling.of.at(-1)!]!.heardAt, clock: 'source' };
    if (isAbsolute(measured)) return known(first, measured) ? 'again' : absolutePlace(measured, first.heardAt);
    const nth = fresh.indexOf(telling);
    return nth < 0 ? 'again' : places[nth];
  };
  const verdictOf = (telling: Telling): Verdict | undefined => {
    if ('fault' in telling.told) return { is: 'aside', reason: telling.told.fault };
    const place = placeOf(telling, telling.told.measured);
    if (place === 'again') return { is: 'again' };
    if (!place) return over || isAbsolute(telling.told.measured) ? { is: 'aside', reason: 'time-unknown' } : undefined;
    return {
      is: 'reading',
      reading: readingOf(
        telling.of.map((index) => frames[index]!),
        telling.told.measured,
        place,
      ),
    };
  };

  const verdicts: (Verdict[] | undefined)[] = frames.map(() => (over ? [{ is: 'part' }] : undefined));
  for (const [first, its] of Map.groupBy(tellings, ({ of }) => of[0]!)) {
    const said = its.map(verdictOf);
    // a frame is settled once and for all: not before everything in it can be told
    if (!said.every((verdict) => verdict !== undefined)) continue;
    verdicts[first] = said;
    for (const index of its.flatMap(({ of }) => of.slice(1))) verdicts[index] = [{ is: 'part' }];
  }
  return verdicts;
}

/** The tellings of all profiles, in the order of the frames. */
function tellAll(frames: readonly HeardFrame[], over: boolean): Telling[] {
  const byProfile = Map.groupBy(
    frames.map((frame, index) => ({ frame, index })),
    ({ frame }) => frame.profile,
  );
  return [...byProfile]
    .flatMap(([name, mine]) => {
      const profile = profiles.find((p) => p.name === name);
      if (!profile) throw new Error(`no profile ${name}`);
      const heard = mine.map(({ frame }) => ({
        characteristic: frame.characteristic,
        bytes: frame.bytes,
        at: frame.heardAt,
        ...(frame.model ? { model: frame.model } : {}),
      }));
      return tell(profile, heard, over).map((telling) => ({
        ...telling,
        of: telling.of.map((nth) => mine[nth]!.index),
      }));
    })
    .sort((a, b) => a.of[0]! - b.of[0]!);
}

/** @param frames whose bytes stand one after the other in `raw`, as many as it holds: for audit. */
function readingOf(
  frames: readonly HeardFrame[],
  { zoneMinutes: _, ...measured }: Measured,
  place: Placing,
): NewReading {
  const first = frames[0]!;
  const raw = Buffer.concat(frames.map((frame) => frame.bytes));
  return {
    device: DeviceId.parse(first.device),
    ...(first.model ? { model: first.model } : {}),
    ...measured,
    takenAt: instant(place.takenAt),
    clock: place.clock,
    heardAt: instant(frames.at(-1)!.heardAt),
    raw: raw.subarray(0, rawAtMost).toString('hex'),
  };
}

/** Bytes; a reading's `raw` holds twice as many digits. */
const rawAtMost = 512;

/** A device that names its zone with its time needs nobody to place it. */
const isAbsolute = ({ deviceTime, zoneMinutes }: Measured): boolean =>
  zoneMinutes !== undefined && deviceTime !== undefined && countedMs(deviceTime) !== undefined;

/** Undefined for a time that is yet to come: then the device's clock is wrong, and so may be its zone. */
function absolutePlace({ deviceTime, zoneMinutes }: Measured, heardAt: number): Placing | undefined {
  const takenAt = countedMs(deviceTime!)! - zoneMinutes! * 60_000;
  return takenAt <= heardAt + aheadWithinMs ? { takenAt, clock: 'device' } : undefined;
}

const timeIn = (told: Told) =>
  'measured' in told && told.measured.deviceTime !== undefined ? { deviceTime: told.measured.deviceTime } : {};

/** The very same bytes earlier in the visit: indications are repeated when a confirmation is lost. */
const isRepeated = (frames: readonly HeardFrame[], tellings: readonly Telling[], nth: number): boolean =>
  tellings.findIndex(
    (earlier) =>
      earlier.of.length === tellings[nth]!.of.length &&
      earlier.of.every((index, k) => isSame(frames[index]!, frames[tellings[nth]!.of[k]!]!)),
  ) < nth;

const isSame = (a: HeardFrame, b: HeardFrame): boolean =>
  a.characteristic === b.characteristic && a.bytes.equals(b.bytes);
