import { DeviceId } from '#domain/ids.ts';
import type { Reading } from '#domain/reading.ts';
import { instant } from '#runtime/clock.ts';
import { profiles } from './profiles/catalogue.ts';
import type { FrameFault, Measured } from './profiles/profile.ts';
import { type Comparison, placeAll } from './timing.ts';

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
  | { is: 'aside'; reason: FrameFault | 'time-unknown' };

/**
 * What the frames of one visit say, in the order heard; undefined for one that cannot be told before the visit is over. Pure.
 * @param known whether this measurement was taken in at an earlier visit.
 */
export function interpret(
  frames: readonly HeardFrame[],
  over: boolean,
  known: (frame: HeardFrame, measured: Measured) => boolean,
  zone: string,
): (Verdict | undefined)[] {
  const decoded = frames.map(decode);
  const fresh = frames.filter((frame, index) => {
    const result = decoded[index]!;
    return 'measured' in result && !known(frame, result.measured) && !isRepeated(frames, index);
  });
  const comparison = frames.findLast((frame) => frame.comparison)?.comparison;
  const places = placeAll(
    fresh.map((frame) => ({ heardAt: frame.heardAt, ...timeIn(decoded[frames.indexOf(frame)]!) })),
    over,
    comparison,
    zone,
  );
  return frames.map((frame, index) => {
    const result = decoded[index]!;
    if ('fault' in result) return { is: 'aside', reason: result.fault };
    const nth = fresh.indexOf(frame);
    if (nth < 0) return { is: 'again' };
    const place = places[nth];
    if (!place) return over ? { is: 'aside', reason: 'time-unknown' } : undefined;
    return {
      is: 'reading',
      reading: {
        device: DeviceId.parse(frame.device),
        ...(frame.model ? { model: frame.model } : {}),
        ...result.measured,
        takenAt: instant(place.takenAt),
        clock: place.clock,
        heardAt: instant(frame.heardAt),
        raw: frame.bytes.toString('hex'),
      },
    };
  });
}

const decode = (frame: HeardFrame) => {
  const profile = profiles.find((p) => p.name === frame.profile);
  const measurement = profile?.measurements.find((m) => m.characteristic === frame.characteristic);
  if (!measurement) throw new Error(`no profile ${frame.profile} reads 0x${frame.characteristic.toString(16)}`);
  return measurement.decode(frame.bytes, frame.model);
};

const timeIn = (result: ReturnType<typeof decode>) =>
  'measured' in result && result.measured.deviceTime !== undefined ? { deviceTime: result.measured.deviceTime } : {};

/** The very same bytes earlier in the visit: indications are repeated when a confirmation is lost. */
const isRepeated = (frames: readonly HeardFrame[], index: number): boolean =>
  frames.findIndex((f) => f.characteristic === frames[index]!.characteristic && f.bytes.equals(frames[index]!.bytes)) <
  index;
