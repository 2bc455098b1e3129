import type { Aside } from '../../../gateway-agent/outbox.ts';
import type { Arrived } from './far-ends.ts';
import type { AirReport, HandedOver } from './words.ts';

/**
 * What became of everything that was handed over. A measurement has arrived when all its frames stand in the raw bytes of readings of
 * its device at the far end; one that is no reading must be kept aside in the home.
 */
export type Judgement = {
  /** Handed over, neither arrived nor kept aside, and nothing excuses it. */
  lost: HandedOver[];
  /** Ought to be a reading, and is only kept aside. */
  onlyAside: (HandedOver & { reason: string })[];
  /** Confirmed by the system below and heard by nobody: that was the fault injected. */
  unheard: HandedOver[];
  /** Confirmed by the system below while the gateway was being killed: its process had no chance to hear it. */
  inTheDark: HandedOver[];
  /** Of one measurement there are two readings at the far end. */
  twice: HandedOver[];
};

export function judge(
  handedOver: readonly HandedOver[],
  unheard: AirReport['unheard'],
  arrived: readonly Arrived[],
  aside: readonly Aside[],
  isDark: (at: number) => boolean,
): Judgement {
  const rawsOf = Map.groupBy(arrived, ({ device }) => device);
  const asideOf = Map.groupBy(aside, ({ device }) => device);
  const unheardOf = Map.groupBy(unheard, ({ address }) => address);
  const judgement: Judgement = { lost: [], onlyAside: [], unheard: [], inTheDark: [], twice: [] };
  // told again because the confirmation was lost, it counts once
  const told = new Map(handedOver.map((one) => [`${one.address} ${one.frames.join(' ')}`, one]));
  for (const one of told.values()) {
    const readings = (rawsOf.get(one.address) ?? []).filter(
      ({ raw, sequence }) =>
        raw.includes(one.frames[0] ?? '') && (one.sequence === undefined || sequence === one.sequence),
    );
    const isThere = one.frames.every((frame) => readings.some(({ raw }) => raw.includes(frame)));
    if (isThere) {
      if (new Set(readings.map(({ id }) => id)).size > 1) judgement.twice.push(one);
      continue;
    }
    const kept = one.frames.map((frame) => asideOf.get(one.address)?.find(({ raw }) => raw.includes(frame)));
    const somewhere = one.frames.every((frame, n) => kept[n] || readings.some(({ raw }) => raw.includes(frame)));
    if (somewhere) {
      if (one.becomes === 'reading') judgement.onlyAside.push({ ...one, reason: kept.find(Boolean)!.reason });
    } else if (unheardOf.get(one.address)?.some(({ hex }) => one.frames.includes(hex))) judgement.unheard.push(one);
    else if (isDark(one.at)) judgement.inTheDark.push(one);
    else judgement.lost.push(one);
  }
  return judgement;
}

/**
 * bluetoothd confirms an indication before any client has read it from the bus. A gateway that is killed in that breath was told and
 * did not hear; the device has deleted it. Nothing in a home can mend that, so it is counted apart, and only for so long around a kill.
 */
const darkMs = { before: 60, after: 120 };
export const inTheDark =
  (kills: readonly number[]) =>
  (at: number): boolean =>
    kills.some((killedAt) => at > killedAt - darkMs.before && at < killedAt + darkMs.after);
