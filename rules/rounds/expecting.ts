import { type Expectation, isPaused } from '#domain/care-plan.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import type { History } from '../history/history.ts';
import { takenAt } from '../history/history-records.ts';
import type { Expected, Rule } from '../rule.ts';

/**
 * What a rule may expect of a patient: what the care plan says, as far as it was ever measured; who never began has not stopped. Where the plan
 * expects nothing, a home that is heard at all is expected to be heard again within the plan's `silentAfterMinutes`: that is asked of gateway and device.
 * A patient of whom nothing was planned has missed nothing, and stands in the worklist as silent.
 */
export function expectedOf({ plan }: Pick<JudgedPatient, 'plan'>, history: History, { judging }: Rule): Expected {
  const { from, pause } = plan;
  if (plan.expected.length > 0)
    return { expected: plan.expected.filter((one) => isMeasured(history, one)), from, pause };
  const ofHome = judging.kind === 'absence' && judging.cause !== 'patient';
  const latest = ofHome ? latestPanel(history) : undefined;
  const everyDays = Math.ceil(plan.silentAfterMinutes / minutesOfDay);
  return { expected: latest ? [{ panel: latest, times: 1, everyDays }] : [], from, pause };
}

/** When the last of this panel was taken, ms since 1970. */
export type Overdue = { panel: PanelName; lastAt: number };

/** What has not come in its time, by the clock alone: whether that is too often, the rule says. */
export function overdueOf(patient: Pick<JudgedPatient, 'plan'>, history: History, rule: Rule, now: number): Overdue[] {
  if (isPaused(patient.plan, now)) return [];
  const overdue: Overdue[] = [];
  for (const { panel, times, everyDays } of expectedOf(patient, history, rule).expected) {
    const lastAt = lastTaken(history, panel);
    if (!rule.panels.includes(panel) || lastAt === undefined || now - lastAt < (everyDays * dayMs) / times) continue;
    overdue.push({ panel, lastAt });
  }
  return overdue;
}

const isMeasured = (history: History, { panel }: Expectation): boolean => lastTaken(history, panel) !== undefined;

function latestPanel(history: History): PanelName | undefined {
  let latest: { panel: PanelName; at: number } | undefined;
  for (const panel of history.panels.keys()) {
    const at = lastTaken(history, panel) ?? 0;
    if (!latest || at > latest.at) latest = { panel, at };
  }
  return latest?.panel;
}

function lastTaken(history: History, panel: PanelName): number | undefined {
  const records = history.panels.get(panel)?.records;
  return records && records.count > 0 ? takenAt(records, records.count - 1) : undefined;
}

const minutesOfDay = 24 * 60;
const dayMs = minutesOfDay * 60_000;
