import type { Reason, WorklistEntry } from '#domain/views.ts';
import type { Words } from '#domain/words.ts';

/**
 * Sorts the worklist into what a nurse must know in two seconds: who needs me now, who today, who is in good hands. Pure.
 * The API's order stays within each group.
 */
export const groups = ['now', 'today', 'in-hand', 'review', 'steady'] as const;
export type Group = (typeof groups)[number];

/** Decided by the gravest reason that nobody attends to; what somebody is on waits behind what nobody is on. */
export function groupOf(entry: Pick<WorklistEntry, 'reasons'>): Group {
  const unattended = entry.reasons.filter((reason) => !reason.acknowledged);
  if (unattended.some((reason) => reason.severity === 'critical')) return 'now';
  if (unattended.some((reason) => reason.severity === 'urgent')) return 'today';
  if (entry.reasons.some((reason) => reason.acknowledged)) return 'in-hand';
  return entry.reasons.length > 0 ? 'review' : 'steady';
}

/** The alert that a quick acknowledgement means: the gravest that nobody has acknowledged. */
export const alertToAcknowledge = (entry: Pick<WorklistEntry, 'reasons'>): (Reason & { alert: string }) | undefined =>
  entry.reasons.find(
    (reason): reason is Reason & { alert: NonNullable<Reason['alert']> } =>
      reason.alert !== undefined && reason.acknowledged === false,
  );

/** Every word of the search stands in the name, a condition or a reason, in either language. */
export function matches(entry: WorklistEntry, search: string): boolean {
  const texts: Words[] = [
    entry.patient.name,
    ...entry.patient.conditions,
    ...entry.reasons.map((reason) => reason.title),
  ];
  const text = texts
    .map((words) => `${words.en} ${words.zh}`)
    .join(' ')
    .toLocaleLowerCase();
  return search
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
