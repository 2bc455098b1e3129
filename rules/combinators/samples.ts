import type { Evidence } from '#domain/alert.ts';
import type { History, PanelHistory } from '../history/history.ts';
import { evidenceAt, isArtefact, lastUntil, momentOf, takenAt } from '../history/history-records.ts';
import type { Slots } from '../history/history-slots.ts';
import type { Happening, Rule } from '../rule.ts';

/** Samples of what is worn, as the rules on them look at them. */

/** The first panel of the rule, if anything of it was ever measured. */
export const wornPanel = ({ panels }: Rule, history: History): (PanelHistory & { slots: Slots }) | undefined => {
  const panel = history.panels.get(panels[0]);
  return panel?.slots && panel.slots.newest >= 0 ? (panel as PanelHistory & { slots: Slots }) : undefined;
};

export const slotAt = ({ slots }: { slots: Slots }, until: number): number =>
  Math.min(slots.newest, Math.floor(until / slots.slotMs));

/** What is kept in full of the samples between two moments, oldest first: the last two hours at most. */
export function evidenceBetween({ records }: PanelHistory, from: number, until: number): Evidence[] {
  const evidence: Evidence[] = [];
  for (let i = lastUntil(records, until); i >= 0 && takenAt(records, i) >= from; i--)
    if (!isArtefact(records, i)) evidence.unshift(evidenceAt(records, i));
  return evidence;
}

/** The last sample that is kept in full. */
export const lastEvidence = ({ records }: PanelHistory, until: number): Evidence[] => {
  const last = lastUntil(records, until);
  return last < 0 ? [] : [evidenceAt(records, last)];
};

/**
 * Whether a day of samples is over by this happening, or one that was over has changed: only then a look at weeks can say anything new. Days of UTC: of two
 * weeks it does not matter where they begin.
 */
export function isDayOver({ slots }: { slots: Slots }, happening: Happening): boolean {
  if (happening.kind !== 'reading') return happening.kind === 'tick';
  const slot = Math.floor(momentOf(happening.reading.evidence) / slots.slotMs);
  const perDay = slotsOfDay(slots);
  const today = Math.floor(slots.newest / perDay);
  if (Math.floor(slot / perDay) < today) return true;
  for (let other = slots.newest; other >= today * perDay; other--)
    if (other !== slot && slots.ring[other % slots.ring.length] !== 0) return false;
  return true;
}

export const slotsOfDay = ({ slotMs }: Slots): number => 86_400_000 / slotMs;
