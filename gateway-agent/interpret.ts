import { DeviceId } from '#domain/ids.ts';
import type { Reading } from '#domain/reading.ts';
import { instant } from '#runtime/clock.ts';
import { profiles } from './profiles/catalogue.ts';
import { countedMs } from './profiles/device-time.ts';
import type { FrameFault, Measured, Profile, Telling, Told } from './profiles/profile.ts';
import { type Answer, decodeAnswer } from './profiles/racp-frames.ts';
import { tell } from './profiles/tell.ts';
import { aheadWithinMs, type ClockSetting, type Comparison, type Placing, placeAll } from './timing.ts';

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
 * @param known whether this measurement was taken in at an earlier visit. @param zone IANA name. @param settings of the device's clock, by us,
 * newest first.
 */
export function interpret(
  frames: readonly HeardFrame[],
  over: boolean,
  known: (frame: HeardFrame, measured: Measured) => boolean,
  zone: string,
  settings: readonly ClockSetting[] = [],
): (Verdict[] | undefined)[] {
  const tellings = tellAll(frames, over);
  const repeated = repetitionsIn(frames, tellings);
  const fresh = tellings.filter((telling) => {
    if (!('measured' in telling.told) || telling.streamed || isAbsolute(telling.told.measured)) return false;
    return !known(frames[telling.of[0]!]!, telling.told.measured) && !repeated.has(telling);
  });
  // what was heard before anybody had asked for the clock was heard by the clock that was then found
  const found = frames.find((frame) => frame.comparison)?.comparison;
  const places = new Map<Telling, Placing | undefined>();
  // what a scale measures at one time it may say by two profiles: each has a last one
  for (const its of Map.groupBy(fresh, ({ of }) => frames[of[0]!]!.profile).values()) {
    const timed = its.map(({ of, told }) => {
      const { heardAt, profile, comparison = found } = frames[of[0]!]!;
      return { heardAt, asked: isAsked(profile, frames), ...(comparison ? { comparison } : {}), ...timeIn(told) };
    });
    for (const [nth, place] of placeAll(timed, over, zone, settings).entries()) places.set(its[nth]!, place);
  }

  const placeOf = (telling: Telling, measured: Measured): Placing | 'again' | undefined => {
    const first = frames[telling.of[0]!]!;
    if (telling.streamed) return { takenAt: frames[telling.of.at(-1)!]!.heardAt, clock: 'source' };
    if (isAbsolute(measured)) return known(first, measured) ? 'again' : absolutePlace(measured, first.heardAt);
    return places.has(telling) ? places.get(telling) : 'again';
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
      const heard = mine.map(({ frame }) => ({
        characteristic: frame.characteristic,
        bytes: frame.bytes,
        at: frame.heardAt,
        ...(frame.model ? { model: frame.model } : {}),
      }));
      return tell(profileNamed(name), heard, over).map((telling) => ({
        ...telling,
        told: withoutUnset(telling.told),
        of: telling.of.map((nth) => mine[nth]!.index),
      }));
    })
    .sort((a, b) => a.of[0]! - b.of[0]!);
}

/**
 * A clock that nobody ever set may say the same zeros whenever it is asked: as a moment, that would make one measurement of all that are equal, and
 * all but the first be taken for heard before.
 */
function withoutUnset(told: Told): Told {
  if (!('measured' in told) || told.measured.deviceTime !== '0000-00-00T00:00:00') return told;
  const { deviceTime: _, ...measured } = told.measured;
  return { measured };
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

/** Tellings whose very bytes were told earlier in the visit: indications are repeated when a confirmation is lost. */
function repetitionsIn(frames: readonly HeardFrame[], tellings: readonly Telling[]): Set<Telling> {
  const said = new Set<string>();
  const repeated = new Set<Telling>();
  for (const telling of tellings) {
    const words = telling.of.map((index) => `${frames[index]!.characteristic}:${frames[index]!.bytes.toString('hex')}`);
    const all = words.join();
    if (said.has(all)) repeated.add(telling);
    said.add(all);
  }
  return repeated;
}

/**
 * Whether what it said last need not be what it measured last. So of devices that say what they measured only when their memory is asked for it; and
 * of those that tell it by themselves, too, while the telling of their memory was not brought to its end.
 */
function isAsked(name: string, frames: readonly HeardFrame[]): boolean {
  const { records, measurements } = profileNamed(name);
  if (!records) return false;
  if (!measurements.some((m) => m.lasting)) return true;
  const answers = frames
    .filter((frame) => frame.profile === name && frame.characteristic === records.characteristic)
    .map(({ bytes }) => decodeAnswer(bytes));
  return answers.length > 0 && !answers.some((one) => 'said' in one && one.said.is === 'response' && isEnd(one.said));
}

const isEnd = ({ to, response }: Answer & { is: 'response' }): boolean =>
  to === 'report' && (response === 'success' || response === 'no-records');

function profileNamed(name: string): Profile {
  const profile = profiles.find((p) => p.name === name);
  if (!profile) throw new Error(`no profile ${name}`);
  return profile;
}
