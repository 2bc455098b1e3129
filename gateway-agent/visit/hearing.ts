import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { HeardFrame } from '../interpret.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { profiles } from '../profiles/catalogue.ts';
import { countedMs } from '../profiles/device-time.ts';
import type { FrameHeard, Measurement, Profile } from '../profiles/profile.ts';
import type { Heard } from '../radio/radio.ts';
import { sigUuid } from '../radio/uuid.ts';
import type { Comparison } from '../timing.ts';
import { visitLimits } from './limits.ts';
import { settleFrames, type Told } from './settle.ts';
import type { Streams } from './streams.ts';

/**
 * The ear of one visit: each frame is on disk before anything is done with it, and is read as soon as enough is known of its device. A stream
 * is passed on: of that, only what makes a reading is kept.
 */
export type Hearing = {
  hear(heard: Heard): void;
  /** What is known of the device from now on; `comparison`: what its clock says. */
  know(known: { model?: string; comparison?: Comparison }): void;
  /** Its clock was set: what was heard until now stays with the clock as it was. */
  clockWasSet(now: Comparison): void;
  /** From now on what is heard is read at once: model and clock are known, as far as they will ever be. */
  open(): void;
  /** Calls `to` for each value of this characteristic, once it is on disk where it belongs there. The answer ends that. */
  listen(service: number, characteristic: number, to: (bytes: Buffer) => void): () => void;
  /** The values read from a device of this profile that are kept with its frames. */
  reads(profile: Profile): FrameHeard[];
  /** When records of this profile were measured is known, or will be by the next visit as well as by this one. */
  canPlace(profile: Profile): boolean;
  /** Everything heard is on disk. False once something was lost. */
  isKept(): boolean;
  /** By the clock's `elapsed`. */
  lastWordAt(): number;
  /** Reads what remains, but for a last record that will come again with what it announced. Waits for the disk until `quit`. */
  close(quit: AbortSignal): Promise<void>;
  readonly counts: { heard: number; readings: number; aside: number };
};

export type HearingDeps = { outbox: Outbox; clock: Clock; log: Log; streams: Streams };

/** @param visit its name. @param zone IANA name. @param kept is called after readings came into the outbox. */
export function createHearing(
  { outbox, clock, log, streams }: HearingDeps,
  { visit, device, zone, kept }: { visit: string; device: string; zone: string; kept: () => void },
): Hearing {
  const counts = { heard: 0, readings: 0, aside: 0 };
  const listeners = new Map<string, Set<(bytes: Buffer) => void>>();
  const told: Told = new Map();
  const unkept: Heard[] = [];
  let frames: HeardFrame[] = [];
  let model: string | undefined;
  let comparison: Comparison | undefined;
  let isOpen = false;
  let lost = false;
  let lastWordAt = clock.elapsed();
  let settledAt = Number.NEGATIVE_INFINITY;
  let notedAt = clock.elapsed();
  let stopWaiting: (() => void) | undefined;

  const tellListeners = ({ service, characteristic, bytes }: Heard) => {
    for (const to of listeners.get(`${service} ${characteristic}`) ?? [])
      try {
        to(bytes);
      } catch (fault) {
        log.error('what a device answered could not be dealt with', faultDetails(fault));
      }
  };

  /** False while the disk refuses. */
  const keep = (): boolean => {
    try {
      for (let heard = unkept[0]; heard; heard = unkept[0]) {
        const { profile, assigned } = frameOf(heard)!;
        const known = { ...(model ? { model } : {}), ...(comparison ? { comparison } : {}) };
        const { at, bytes } = heard;
        const frame = { visit, device, profile: profile.name, characteristic: assigned, ...known, heardAt: at, bytes };
        frames.push(outbox.hear(frame));
        unkept.shift();
        tellListeners(heard);
      }
      return true;
    } catch (fault) {
      log.error('a frame could not be kept, trying again', faultDetails(fault));
      return false;
    }
  };

  const giveUp = (count: number) => {
    lost = true;
    try {
      outbox.lose(count);
    } catch (fault) {
      log.error('what was lost could not be counted', faultDetails(fault));
    }
  };

  /** Those heard before model and clock were known have them now. */
  const complete = () => {
    frames = frames.map((frame) => ({ ...(model ? { model } : {}), ...(comparison ? { comparison } : {}), ...frame }));
  };

  const settle = (over: boolean) => {
    stopWaiting?.();
    stopWaiting = undefined;
    settledAt = clock.elapsed();
    complete();
    try {
      const { readings, aside } = settleFrames(outbox, frames, over, zone, told);
      counts.readings += readings;
      counts.aside += aside;
      if (readings > 0) kept();
      noteHeard();
      forgetSome();
    } catch (fault) {
      log.error('frames could not be settled, they stay on disk', faultDetails(fault));
    }
  };

  const settleSoon = () => {
    if (!isOpen || stopWaiting) return;
    const leftMs = settledAt + visitLimits.settleEveryMs - clock.elapsed();
    if (leftMs <= 0) settle(false);
    else stopWaiting = clock.after(leftMs, () => settle(false));
  };

  /** The end of a visit that lasts for days is no time to say when the device was last heard. */
  const noteHeard = () => {
    if (clock.elapsed() - notedAt < visitLimits.notedEveryMs) return;
    outbox.notes.note(device, { heardAt: clock.now() });
    notedAt = clock.elapsed();
  };

  /** A visit may last for days. What was read is needed no more where each reading is placed by itself; the last tells that it was the last. */
  const forgetSome = () => {
    if (frames.length <= 2 * visitLimits.remembered) return;
    const isPlacedAlone = ({ profile }: HeardFrame) => comparison !== undefined || lasting.has(profile);
    const old = frames.slice(0, -visitLimits.remembered);
    const forgotten = new Set(old.filter((frame) => told.has(frame.n) && isPlacedAlone(frame)));
    frames = frames.filter((frame) => !forgotten.has(frame));
    for (const { n } of forgotten) told.delete(n);
  };

  return {
    counts,
    hear: (heard) => {
      lastWordAt = clock.elapsed();
      counts.heard++;
      const place = frameOf(heard);
      if (!place) return tellListeners(heard);
      if (place.measurement?.window) {
        if (isOpen) streams.hear(place.profile, place.measurement, heard, model);
        return;
      }
      unkept.push(heard);
      if (unkept.length > visitLimits.unkept) {
        unkept.shift();
        giveUp(1);
      }
      keep();
      settleSoon();
    },
    know: (known) => {
      model ??= known.model;
      comparison ??= known.comparison;
    },
    clockWasSet: (now) => {
      complete();
      comparison = now;
    },
    open: () => {
      isOpen = true;
      settle(false);
    },
    listen: (service, characteristic, to) => {
      const place = `${sigUuid(service)} ${sigUuid(characteristic)}`;
      const mine = listeners.get(place) ?? new Set();
      listeners.set(place, mine.add(to));
      return () => mine.delete(to);
    },
    reads: (profile) => {
      const kept = profile.reads.filter((read) => read.kept).map((read) => read.characteristic);
      return frames
        .filter((frame) => frame.profile === profile.name && kept.includes(frame.characteristic))
        .map(({ characteristic, bytes, heardAt }) => ({ characteristic, bytes, at: heardAt }));
    },
    canPlace: ({ name, records }) => {
      if (comparison && countedMs(comparison.time) !== undefined) return true;
      if (isOpen) settle(false);
      const whole = frames.slice(0, frames.length - tornAtEnd(frames));
      return whole.every((one) => one.profile !== name || one.characteristic !== records?.record || told.has(one.n));
    },
    isKept: () => keep() && !lost,
    lastWordAt: () => lastWordAt,
    close: async (quit) => {
      isOpen = false;
      while (!keep() && !quit.aborted) await clock.sleep(visitLimits.keepAgainMs, quit).catch(() => {});
      if (unkept.length > 0) giveUp(unkept.length);
      frames = frames.slice(0, frames.length - tornAtEnd(frames));
      settle(true);
    },
  };
}

/**
 * So many frames at the end announce something that did not come any more. They stay on disk: the device is asked for them again, and if it does
 * not come back, they are read as they are (agent.ts).
 */
function tornAtEnd(frames: readonly HeardFrame[]): number {
  const last = frames.at(-1);
  const records = profiles.find(({ name }) => name === last?.profile)?.records;
  if (!last || last.characteristic !== records?.record || !records.companion?.announced(last.bytes)) return 0;
  const others = frames.findLastIndex(({ profile, bytes }) => profile !== last.profile || !bytes.equals(last.bytes));
  return frames.length - 1 - others;
}

const lasting = new Set(profiles.filter((p) => p.measurements.some((m) => m.lasting)).map((p) => p.name));

type Place = { profile: Profile; assigned: number; measurement?: Measurement };

/** Where what is heard belongs; nowhere, for what is no frame of a profile. */
const frameOf = ({ service, characteristic }: Heard): Place | undefined => places.get(`${service} ${characteristic}`);

const places: ReadonlyMap<string, Place> = new Map(
  profiles.flatMap((profile) =>
    [
      ...profile.measurements.map((measurement) => ({ assigned: measurement.characteristic, measurement })),
      ...profile.reads.filter((read) => read.kept).map(({ characteristic }) => ({ assigned: characteristic })),
      // the answer that ends a memory ends its last record, too
      ...(profile.records ? [{ assigned: profile.records.characteristic }] : []),
    ].map((place) => [`${sigUuid(profile.service)} ${sigUuid(place.assigned)}`, { profile, ...place }] as const),
  ),
);
