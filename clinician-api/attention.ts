import type { Severity } from '#domain/alert.ts';
import { type CarePlan, isPaused } from '#domain/care-plan.ts';
import type { Patient } from '#domain/people.ts';
import { ageOn } from '#domain/people.ts';
import type { LatestValue, PatientSummary, Reason, WorklistEntry } from '#domain/views.ts';
import { vitalNames } from '#domain/vitals.ts';
import type { Language, Words } from '#domain/words.ts';
import type { PatientMatter } from '#runtime/records/worklist.ts';

/**
 * Who needs me most, and why. Pure. The order of the reasons:
 * critical alerts nobody has acknowledged · urgent ones · critical, then urgent ones somebody is on · tasks overdue ·
 * patients gone silent · routine alerts · tasks due soon · never measured · nothing, by name.
 */

/** A task shows as a reason so long before it is due: within this shift or the next. */
export const dueSoonMs = 24 * 3_600_000;

/** @param now ms since 1970. @param language sorts the names of those who need nothing. */
export function worklistOf(matters: PatientMatter[], now: number, language: Language): WorklistEntry[] {
  const names = new Intl.Collator(language === 'zh' ? 'zh-Hans-CN' : 'en', { sensitivity: 'base' });
  return matters
    .map((matter) => entryOf(matter, now))
    .sort(
      (a, b) =>
        needOf(a) - needOf(b) ||
        sinceOf(a) - sinceOf(b) ||
        names.compare(a.patient.name[language], b.patient.name[language]) ||
        (a.patient.id < b.patient.id ? -1 : 1),
    );
}

export const summaryOf = (patient: Patient, now: number): PatientSummary => ({
  ...patient,
  age: ageOn(patient.birthDate, new Date(now).toISOString().slice(0, 10)),
});

/** In the catalogue's order. */
export const inOrder = (latest: LatestValue[]): LatestValue[] =>
  latest.toSorted((a, b) => vitalNames.indexOf(a.vital) - vitalNames.indexOf(b.vital));

/** RFC 3339 in UTC sorts as text. */
export const lastTakenOf = (latest: LatestValue[]): string | null =>
  latest.map((value) => value.takenAt).reduce<string | null>((a, b) => (a !== null && a > b ? a : b), null);

/**
 * Since when the patient is silent, ms since 1970, or undefined. Who was never measured is not silent: nothing has stopped. Nor is who is
 * paused: nothing is expected of them.
 */
export function silentSince(
  lastTakenAt: string | null,
  plan: Pick<CarePlan, 'silentAfterMinutes' | 'pause'>,
  now: number,
): number | undefined {
  if (lastTakenAt === null || isPaused(plan, now)) return undefined;
  const since = Date.parse(lastTakenAt) + plan.silentAfterMinutes * 60_000;
  return since <= now ? since : undefined;
}

/** Gravest first, the older of two equals before the younger. */
export function reasonsOf(matter: PatientMatter, now: number): Reason[] {
  const at = (ms: number) => new Date(ms).toISOString();
  const reasons: Reason[] = matter.alerts.map((alert) => ({
    kind: 'alert',
    severity: alert.severity,
    since: alert.openedAt,
    title: alert.title,
    alert: alert.id,
    acknowledged: alert.state === 'acknowledged',
  }));
  for (const task of matter.tasks) {
    const due = Date.parse(task.dueAt);
    if (due <= now)
      reasons.push({ kind: 'task-overdue', severity: 'urgent', since: task.dueAt, title: task.title, task: task.id });
    else if (due - now <= dueSoonMs)
      reasons.push({ kind: 'task-due', severity: 'routine', since: task.dueAt, title: task.title, task: task.id });
  }
  const lastTakenAt = lastTakenOf(matter.latest);
  const silent = silentSince(lastTakenAt, matter, now);
  if (lastTakenAt === null && !isPaused(matter, now))
    reasons.push({ kind: 'never-measured', severity: 'routine', since: matter.addedAt, title: neverMeasured });
  else if (lastTakenAt !== null && silent !== undefined)
    reasons.push({
      kind: 'silent',
      severity: 'urgent',
      since: at(silent),
      title: silentFor(now - Date.parse(lastTakenAt)),
    });
  return reasons.sort((a, b) => rankOf(a) - rankOf(b) || Date.parse(a.since) - Date.parse(b.since));
}

function entryOf(matter: PatientMatter, now: number): WorklistEntry {
  const lastTakenAt = lastTakenOf(matter.latest);
  return {
    patient: summaryOf(matter.patient, now),
    reasons: reasonsOf(matter, now),
    latest: inOrder(matter.latest),
    lastTakenAt,
    silent: silentSince(lastTakenAt, matter, now) !== undefined,
    pause: isPaused(matter, now) ? matter.pause : null,
  };
}

const openAlert: Record<Severity, number> = { critical: 0, urgent: 1, routine: 6 };
const acknowledgedAlert: Record<Severity, number> = { critical: 2, urgent: 3, routine: 7 };
const others = { 'task-overdue': 4, silent: 5, 'task-due': 8, 'never-measured': 9 } as const;
const nothing = 10;

function rankOf(reason: Reason): number {
  if (reason.kind !== 'alert') return others[reason.kind];
  return (reason.acknowledged ? acknowledgedAlert : openAlert)[reason.severity];
}

const needOf = (entry: WorklistEntry): number => (entry.reasons[0] ? rankOf(entry.reasons[0]) : nothing);
const sinceOf = (entry: WorklistEntry): number => (entry.reasons[0] ? Date.parse(entry.reasons[0].since) : 0);

const neverMeasured: Words = { en: 'No reading yet', zh: '尚无测量数据' };

function silentFor(ms: number): Words {
  const minutes = Math.max(1, Math.floor(ms / 60_000));
  if (minutes < 60) return { en: `No reading for ${minutes} min`, zh: `已 ${minutes} 分钟没有测量数据` };
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return { en: `No reading for ${hours} h`, zh: `已 ${hours} 小时没有测量数据` };
  const days = Math.floor(hours / 24);
  return { en: `No reading for ${days} days`, zh: `已 ${days} 天没有测量数据` };
}
