import type { Clock } from '#runtime/clock.ts';
import type { DeviceNotes } from '../outbox/device-notes.ts';
import type { Spoken } from '../profiles/catalogue.ts';
import { countedMs, countedTime } from '../profiles/device-time.ts';
import type { ClockPlace } from '../profiles/profile.ts';
import type { Link } from '../radio/radio.ts';
import { sigUuid } from '../radio/uuid.ts';
import { agreesWithinMs, type Comparison, shownAt } from '../timing.ts';
import type { Hearing } from './hearing.ts';
import { clockLimits } from './limits.ts';
import { ask, isGone } from './questions.ts';

/**
 * The clock of a device that is being visited. Setting it never moves what it measured before: that it is set, and what it said until then, is on
 * disk before it is written, and each reading is placed by the clock as it was (timing.ts).
 */
export type DeviceClock = {
  comparison(): Comparison;
  /** How far it is ahead of ours; undefined for one that nobody has ever set. */
  aheadMs(): number | undefined;
  /**
   * Sets one that is behind, or that nobody has ever set, if that is worth it. May be done while measurements wait to be sent: what such a clock has
   * shown until now, it will never show again.
   */
  setIfBehind(): Promise<void>;
  /** It is wrong enough to be worth it, and has not refused. */
  wantsSetting(): boolean;
  /** Sets any that is wrong. What one that is ahead has measured shows times it would show again: everything it measured must be here. */
  setIfWrong(): Promise<void>;
  /** Writes it, right or wrong: to a device that wants that first. As long as ours is wrong, what it says itself. */
  write(): Promise<void>;
};

type On = {
  link: Link;
  hearing: Hearing;
  clock: Clock;
  notes: DeviceNotes;
  device: string;
  zone: string;
  /** The clock of this machine is: nobody is told the time by it. */
  clockIsWrong: () => boolean;
};

/** Of several places the first one that answers; undefined where there is no clock to read. */
export async function openClock(on: On, spoken: Spoken): Promise<DeviceClock | undefined> {
  const { clock, notes, device, zone } = on;
  const found = await readClock(
    on.link,
    spoken.flatMap(({ profile }) => profile.clocks),
    clock,
  );
  if (!found) return undefined;
  const { place } = found;
  let { comparison } = found;
  const set = async () => {
    const now = await setClock(on, place, comparison);
    if (!now) return;
    comparison = now;
    on.hearing.clockWasSet(now);
  };
  /** ms; infinitely far behind, where nobody has ever set it. */
  const wrongBy = () => aheadMs(comparison, zone) ?? Number.NEGATIVE_INFINITY;
  const isWorthIt = () =>
    place.encode !== undefined &&
    !on.clockIsWrong() &&
    Math.abs(wrongBy()) > clockLimits.setBeyondMs &&
    mayBeSet(notes, device, clock.now());
  return {
    comparison: () => comparison,
    aheadMs: () => aheadMs(comparison, zone),
    setIfBehind: async () => {
      if (wrongBy() < 0 && isWorthIt()) await set();
    },
    wantsSetting: isWorthIt,
    setIfWrong: async () => {
      if (isWorthIt()) await set();
    },
    write: async () => {
      if (on.clockIsWrong()) await writeBack(on, place, comparison);
      else if (Math.abs(wrongBy()) > agreesWithinMs) await set();
      else await writeTime(on, place);
    },
  };
}

async function readClock(link: Link, places: readonly ClockPlace[], clock: Clock) {
  for (const place of places) {
    const time = await ask(link, place.service, place.characteristic, place.decode);
    if (time !== undefined) return { place, comparison: { time, at: clock.now() } };
  }
  return undefined;
}

/** How far it is ahead of ours, ms; undefined for a clock that nobody has ever set. */
function aheadMs({ time, at }: Comparison, zone: string): number | undefined {
  const shown = countedMs(time);
  // by what it should show: of an hour that the end of summer time repeats, what it shows names two moments
  return shown === undefined ? undefined : shown - shownAt(at, zone);
}

/** One that refused is left alone for a while. */
const mayBeSet = (notes: DeviceNotes, device: string, now: number): boolean => {
  const refusedAt = notes.of(device)?.clockRefusedAt;
  return refusedAt === undefined || refusedAt > now || now - refusedAt >= clockLimits.triedAgainMs;
};

/** Sets it to what clocks in its home show. @returns whether the device took it. */
const writeTime = (on: On, place: ClockPlace): Promise<boolean> =>
  writeShown(on, place, shownAt(on.clock.now(), on.zone));

/** Sets it to what it shows anyway; not one that nobody has ever set. */
async function writeBack(on: On, place: ClockPlace, { time, at }: Comparison): Promise<void> {
  const shown = countedMs(time);
  if (shown !== undefined) await writeShown(on, place, shown + on.clock.now() - at);
}

async function writeShown({ link }: On, place: ClockPlace, shown: number): Promise<boolean> {
  const time = countedTime(Math.floor(shown / 1_000) * 1_000);
  if (!place.encode || time === undefined) return false;
  try {
    await link.write(sigUuid(place.service), sigUuid(place.characteristic), Buffer.from(place.encode(time)));
    return true;
  } catch (fault) {
    if (isGone(fault)) throw fault;
    return false;
  }
}

/** @returns what it says now, if that is something else than before; undefined where it did not let itself be set. */
async function setClock(on: On, place: ClockPlace, before: Comparison): Promise<Comparison | undefined> {
  const { link, clock, notes, device } = on;
  if (!place.encode) return undefined;
  const at = clock.now();
  const settings = notes.of(device)?.clockSettings ?? [];
  // before it is written, for the power may go in between; a setting that never came about moves nothing
  notes.note(device, { clockSettings: [{ at, before }, ...settings].slice(0, clockLimits.settings) });
  const isTaken = await writeTime(on, place);
  const now = (await readClock(link, [place], clock))?.comparison;
  if (isTaken && !now) return undefined;
  if (now && isOther(before, now)) {
    if (notes.of(device)?.clockRefusedAt !== undefined) notes.note(device, { clockRefusedAt: undefined });
    return now;
  }
  notes.note(device, { clockSettings: settings, clockRefusedAt: at });
  return undefined;
}

/** Not what it would say had it just gone on. */
function isOther(before: Comparison, now: Comparison): boolean {
  const [then, since] = [countedMs(before.time), countedMs(now.time)];
  if (then === undefined || since === undefined) return then !== since;
  return Math.abs(since - then - (now.at - before.at)) > agreesWithinMs;
}
