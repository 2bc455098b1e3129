import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { HeardFrame } from '../interpret.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Measurement, Profile } from '../profiles/profile.ts';
import { addSample, type Gathering, nothingYet } from '../profiles/stable-window.ts';
import type { Heard } from '../radio/radio.ts';
import { streamLimits, visitLimits } from './limits.ts';
import { settleFrames } from './settle.ts';

/**
 * What a device says every second is held in memory until a while of it is steady; then the frames of that while, the reading they make, and when
 * that was are on disk together. A power cut before loses no reading, for none was made yet; the device goes on speaking, and the next
 * while begins. So a strap that is worn all day writes once a minute and not once a second, and never fills the disk.
 */
export type Streams = {
  hear(profile: Profile, measurement: Measurement, heard: Heard, model: string | undefined): void;
  /** Until the next reading of this characteristic is due, ms. */
  dueInMs(characteristic: number, now: number): number;
  /** When the last reading of this visit was made, by the clock's `elapsed`; `otherwise`, when there was none. */
  steadyAt(otherwise: number): number;
  readonly counts: { readings: number; aside: number };
};

type Sample = { index: number; heard: Heard };
type Stream = { gathering: Gathering; samples: Sample[]; next: number };

/** @param everyMs between two readings at least, asked each time. @param told is called after each. */
export function createStreams(
  { outbox, clock, log }: { outbox: Outbox; clock: Clock; log: Log },
  {
    visit,
    device,
    zone,
    everyMs,
    told,
  }: { visit: string; device: string; zone: string; everyMs: () => number; told: () => void },
): Streams {
  const counts = { readings: 0, aside: 0 };
  const streams = new Map<number, Stream>();
  const lastAt: Record<string, number> = { ...outbox.notes.of(device)?.streamedAt };
  let strays = 0;
  let steadyAt: number | undefined;

  const frameOf = (profile: Profile, { characteristic }: Measurement, model: string | undefined, heard: Heard) => ({
    visit,
    device,
    profile: profile.name,
    characteristic,
    ...(model ? { model } : {}),
    heardAt: heard.at,
    bytes: heard.bytes,
  });

  /** All at once, or nothing. */
  const take = (frames: readonly Omit<HeardFrame, 'n'>[], streamedAt: Record<string, number>): number =>
    outbox.together(() => {
      const kept = frames.map(outbox.hear);
      const { readings, aside } = settleFrames(outbox, kept, true, zone);
      outbox.notes.note(device, { streamedAt, heardAt: clock.now() });
      counts.readings += readings;
      counts.aside += aside;
      return readings;
    });

  const hear: Streams['hear'] = (profile, measurement, heard, model) => {
    const { characteristic, window, decode } = measurement;
    const decoded = decode(heard.bytes, model);
    const stream = streams.get(characteristic) ?? { gathering: nothingYet, samples: [], next: 0 };
    const index = stream.next;
    const since = sinceIn(lastAt, characteristic, heard.at);
    const spaced = { ...window!, everyMs: Math.max(window!.everyMs, everyMs()) };
    const { whole, ...gathering } = addSample({ ...stream.gathering, since }, { index, at: heard.at, decoded }, spaced);
    const all = [...stream.samples, { index, heard }];
    try {
      if (whole) {
        const its = all.filter((sample) => whole.of.includes(sample.index));
        const at = { ...lastAt, [characteristic]: heard.at };
        const frames = its.map((sample) => frameOf(profile, measurement, model, sample.heard));
        if (take(frames, at) > 0) told();
        Object.assign(lastAt, at);
        steadyAt = clock.elapsed();
      } else if ('fault' in decoded && !gathered(decoded.fault) && strays++ < visitLimits.strayFrames)
        take([frameOf(profile, measurement, model, heard)], lastAt);
    } catch (fault) {
      log.error('a steady while of a stream could not be kept; the next one follows', faultDetails(fault));
    }
    const held = new Set(gathering.samples.map((sample) => sample.index));
    streams.set(characteristic, { gathering, samples: all.filter((one) => held.has(one.index)), next: index + 1 });
  };

  return {
    counts,
    hear,
    steadyAt: (otherwise) => steadyAt ?? otherwise,
    dueInMs: (characteristic, now) => {
      const since = sinceIn(lastAt, characteristic, now);
      return since === undefined ? 0 : Math.max(0, since + Math.max(everyMs(), streamLimits.everyMs) - now);
    },
  };
}

/** A device that finds no pulse says so every second. */
const gathered = (fault: string): boolean => fault === 'no-value' || fault === 'said-invalid';

/** A moment that is yet to come was noted before somebody set this machine's clock. */
const sinceIn = (lastAt: Record<string, number>, characteristic: number, now: number): number | undefined => {
  const at = lastAt[characteristic];
  return at !== undefined && at <= now ? at : undefined;
};
