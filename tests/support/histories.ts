import { createHash } from 'node:crypto';
import type { Alert, Evidence, Severity } from '#domain/alert.ts';
import { severities } from '#domain/alert.ts';
import { DeviceId, ReadingId, SourceId } from '#domain/ids.ts';
import type { Mark } from '#domain/reading.ts';
import { parametersInForce } from '#domain/rule-book.ts';
import { type PanelName, type VitalName, vitals } from '#domain/vitals.ts';
import { evaluate, keptOf, type State } from '../../rules/evaluate.ts';
import { createHistory, insertReading } from '../../rules/history/history.ts';
import type { Effect, Ground, JudgedReading, Rule } from '../../rules/rule.ts';

/** A naive care platform around one rule: plays a history through `evaluate` and remembers what a care team would have seen. */

/** One measurement; of a cuff, its two values alone. Times are ms; `receivedAt` defaults to a second after `takenAt`. */
export type Measured = (
  | { systolic: number; diastolic: number }
  | { panel: PanelName; values: Partial<Record<VitalName, number>> }
) & {
  takenAt: number;
  receivedAt?: number;
  marks?: Mark[];
  /** Digits after the point that the device gave. */
  decimals?: number | undefined;
};

export type Seen = {
  episodes: {
    /** As it was raised, and as it became. */
    severities: Severity[];
    severity: Severity;
    grounds: Ground[];
    evidence: ReadingId[];
    explanation: Alert['explanation'];
    closed: boolean;
  }[];
  pages: number;
  tasks: string[];
  asks: number;
  effects: Effect[];
};

export const lateMs = 15 * 60_000;

export function evidenceOf(m: Measured): Evidence {
  const { panel, values } =
    'panel' in m ? m : { panel: 'blood-pressure' as const, values: { systolic: m.systolic, diastolic: m.diastolic } };
  const told = Object.entries(values) as [VitalName, number][];
  const text = [panel, ...told.flat(), m.takenAt, ...(m.marks ?? [])].join('|');
  const takenAt = new Date(m.takenAt).toISOString();
  return {
    reading: ReadingId.parse(createHash('sha256').update(text).digest('hex').slice(0, 32)),
    panel,
    takenAt,
    heardAt: takenAt,
    values: told.map(([vital, value]) => ({
      vital,
      value,
      unit: vitals[vital].ucum,
      ...(m.decimals === undefined ? {} : { decimals: m.decimals }),
    })),
    marks: m.marks ?? [],
  };
}

export const receivedAtOf = (m: Measured): number => m.receivedAt ?? m.takenAt + 1_000;

export const judgedReadingOf = (m: Measured): JudgedReading => {
  const evidence = evidenceOf(m);
  return {
    evidence,
    device: DeviceId.parse(`${evidence.panel}-1`),
    source: SourceId.parse('gw-1'),
    late: receivedAtOf(m) - m.takenAt > lateMs,
    day: Math.floor(m.takenAt / 86_400_000),
  };
};

/**
 * Plays the history in the order given. @param until lapses are asked about up to then; the countdowns a rule asked for fire on
 * time, between the readings. @param closeAt a person closes the open episode then. @param asleep nobody asks about lapses before
 * the end: the judge was down and catches up.
 */
export function play(
  rule: Rule,
  measured: readonly Measured[],
  options: { overrides?: Record<string, number>; until?: number; closeAt?: number | undefined; asleep?: boolean } = {},
): Seen {
  const parameters = parametersInForce(rule, options.overrides);
  const seen: Seen = { episodes: [], pages: 0, tasks: [], asks: 0, effects: [] };
  const history = createHistory();
  const kept = keptOf([rule]);
  let state: State | undefined;
  let closeAt = options.closeAt;
  const countdowns: number[] = [];

  const tell = (happening: Parameters<typeof evaluate>[3], now: number) => {
    // through JSON, as between two processes
    const before = state && (JSON.parse(JSON.stringify(state)) as State);
    const judgement = evaluate(rule, parameters, { history, state: before }, happening, now);
    if (!judgement) return;
    state = judgement.state;
    for (const effect of judgement.effects) see(seen, effect, countdowns);
  };
  const passUntil = (now: number) => {
    countdowns.sort((a, b) => a - b);
    while (countdowns[0] !== undefined && countdowns[0] < now) {
      const at = countdowns.shift()!;
      if (closeAt !== undefined && closeAt <= at) close();
      tell({ kind: 'lapse' }, at);
    }
    if (closeAt !== undefined && closeAt <= now) close();
  };
  const close = () => {
    const open = seen.episodes.find((e) => !e.closed);
    if (open) open.closed = true;
    tell({ kind: 'resolved' }, closeAt!);
    closeAt = undefined;
  };

  for (const m of measured) {
    const now = receivedAtOf(m);
    if (!options.asleep) passUntil(now);
    const reading = judgedReadingOf(m);
    insertReading(history, kept, reading, now);
    tell({ kind: 'reading', reading }, now);
  }
  if (options.until !== undefined) passUntil(options.until + 1);
  return seen;
}

function see(seen: Seen, effect: Effect, countdowns: number[]): void {
  seen.effects.push(effect);
  const open = seen.episodes.find((e) => !e.closed);
  const join = (evidence: Evidence[]) => {
    if (open) open.evidence = [...new Set([...open.evidence, ...evidence.map((e) => e.reading)])];
  };
  if (effect.kind === 'measure-again') seen.asks++;
  if (effect.kind === 'countdown') countdowns.push(effect.at);
  if (effect.kind === 'clear' && open?.severity === 'routine') open.closed = true;
  if (effect.kind === 'join') {
    join(effect.evidence);
    if (open && effect.explanation) open.explanation = effect.explanation;
  }
  if (effect.kind !== 'raise') return;
  seen.tasks.push(...effect.tasks.map((t) => t.kind));
  if (!open) {
    const { severity, explanation } = effect;
    const evidence = effect.evidence.map((e) => e.reading);
    const grounds = [effect.ground];
    seen.episodes.push({ severities: [severity], severity, explanation, evidence, grounds, closed: false });
    if (effect.pages) seen.pages++;
    return;
  }
  join(effect.evidence);
  open.grounds.push(effect.ground);
  open.severities.push(effect.severity);
  if (severities.indexOf(effect.severity) <= severities.indexOf(open.severity)) return;
  open.severity = effect.severity;
  open.explanation = effect.explanation;
  if (effect.pages) seen.pages++;
}
