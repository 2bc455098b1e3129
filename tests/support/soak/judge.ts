import type { Aside } from '../../../gateway-agent/outbox/outbox.ts';
import type { Arrived } from './far-ends.ts';
import type { AirReport, HandedOver } from './words.ts';

/**
 * What became of everything that was handed over. A measurement has arrived when all its frames stand in the raw bytes of readings of
 * its device at the far end; one that is no reading must be kept aside in the home.
 */
export type Judgement = {
  /** Handed over, neither arrived nor kept aside, and nothing excuses it. */
  lost: (HandedOver & { wasAccepted: boolean })[];
  /** Ought to be a reading, and is only kept aside. */
  onlyAside: (HandedOver & { reason: string })[];
  /** Confirmed by the system below and heard by nobody: that was the fault injected. */
  unheard: HandedOver[];
  /** Confirmed by the system below, and unread when its gateway was killed: see dark.ts. */
  inTheDark: (HandedOver & { afterKillMs: number })[];
  /** Arrived without what its last frames add to it. */
  inPart: HandedOver[];
  /** Of one measurement there are two readings at the far end. */
  twice: HandedOver[];
};

export function judge(
  handedOver: readonly HandedOver[],
  unheard: AirReport['unheard'],
  arrived: readonly Arrived[],
  aside: readonly Aside[],
  isAccepted: (one: HandedOver) => boolean,
  inTheDark: (one: HandedOver) => { afterKillMs: number } | undefined,
): Judgement {
  const rawsOf = Map.groupBy(arrived, ({ device }) => device);
  const asideOf = Map.groupBy(aside, ({ device }) => device);
  const unheardOf = Map.groupBy(unheard, ({ address }) => address);
  const judgement: Judgement = { lost: [], onlyAside: [], unheard: [], inTheDark: [], inPart: [], twice: [] };
  // told again because the confirmation was lost, it counts once
  const told = new Map(handedOver.map((one) => [`${one.address} ${one.frames.join(' ')}`, one]));
  for (const one of told.values()) {
    const readings = (rawsOf.get(one.address) ?? []).filter(
      ({ raw, sequence }) =>
        raw.includes(one.frames[0] ?? '') && (one.sequence === undefined || sequence === one.sequence),
    );
    const isIn = (frame: string) => readings.some(({ raw }) => raw.includes(frame));
    const needed = one.frames.slice(0, one.frames.length - (one.additions ?? 0));
    if (needed.every(isIn)) {
      if (!one.frames.every(isIn)) judgement.inPart.push(one);
      if (new Set(readings.map(({ id }) => id)).size > 1) judgement.twice.push(one);
      continue;
    }
    const kept = one.frames.map((frame) => asideOf.get(one.address)?.find(({ raw }) => raw.includes(frame)));
    const isKept = one.frames.every((frame, n) => kept[n] || isIn(frame));
    if (isKept && one.becomes === 'aside') continue;
    const wasAccepted = isAccepted(one);
    const dark = wasAccepted ? undefined : inTheDark(one);
    if (unheardOf.get(one.address)?.some(({ hex }) => one.frames.includes(hex))) judgement.unheard.push(one);
    else if (dark) judgement.inTheDark.push({ ...one, ...dark });
    else if (isKept) judgement.onlyAside.push({ ...one, reason: kept.find(Boolean)!.reason });
    else judgement.lost.push({ ...one, wasAccepted });
  }
  return judgement;
}
