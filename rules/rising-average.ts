import { z } from 'zod';
import { type Evidence, evidenceAtMost } from '#domain/alert.ts';
import { ReadingId } from '#domain/ids.ts';
import { artefactMarks, Mark, vitalIn } from '#domain/reading.ts';
import { type PanelName, type VitalName, vitals, vitalsOf } from '#domain/vitals.ts';
import { explainRising } from './explain.ts';
import { gradeOf, isBeyond, limitsOf } from './limits.ts';
import type { Effect, Happening, Judgement, Rule } from './rule.ts';

/**
 * The average of the last seven of the patient's days that have readings in them, the first of those days discarded, against the
 * same of the seven days before. Needs no store: two weeks of readings are its memory. Late readings count like any other, for an
 * average wakes nobody; but it is raised only while its last reading is recent. It closes by itself when the average is better than the limit by the margin.
 */

/** A reading in few bytes: id, taken, heard (ms since 1970), day, the values in the order of its panel, marks. */
const Kept = z.tuple([ReadingId, z.number(), z.number(), z.int(), z.array(z.number().nullable()), z.array(Mark)]);
type Kept = z.infer<typeof Kept>;

export const RisingMemory = z.object({
  kind: z.literal('rising-average'),
  /** Oldest first by when they were taken. */
  kept: z.array(Kept),
  episode: z.boolean(),
  /** The day it was raised last. */
  raisedOn: z.int().nullable(),
});
export type RisingMemory = z.infer<typeof RisingMemory>;

const days = 7;
/** Twenty a day for two weeks; who measures more often is averaged over the latest. */
const keptAtMost = 280;
/** An average whose last reading is older speaks of the past: two days, so that who measures daily may miss one. */
const newsForMs = 48 * 3_600_000;
/** Once a person has closed it, the same slow trend is not told again before this many days. */
const quietDays = 7;

export function risingAverage(
  rule: Rule,
  parameters: Record<string, number>,
  before: RisingMemory,
  happening: Happening,
  now: number,
): Judgement<RisingMemory> {
  if (happening.kind === 'lapse' || happening.kind === 'grown-old') return { memory: before, effects: [] };
  if (happening.kind === 'resolved') return { memory: { ...before, episode: false }, effects: [] };
  const { evidence, day } = happening.reading;
  if (evidence.marks.some((mark) => artefactMarks.includes(mark))) return { memory: before, effects: [] };
  if (before.kept.some(([id]) => id === evidence.reading)) return { memory: before, effects: [] };

  const today = before.kept.reduce((latest, k) => Math.max(latest, k[3]), day);
  const kept = placed(before.kept, packed(evidence, day))
    .filter((k) => k[3] > today - 2 * days)
    .slice(-keptAtMost);
  const memory: RisingMemory = { ...before, kept };

  const limits = limitsOf(rule, parameters);
  const average = averageOf(rule, parameters);
  const recent = average(kept.filter((k) => k[3] > today - days));
  if (!recent) return { memory, effects: [] };

  if (memory.episode) {
    if (gradeOf(limits, parameters['recovery-margin'] ?? 0, (vital) => recent.mean[vital]) !== 'within')
      return { memory, effects: [] };
    return { memory: { ...memory, episode: false, raisedOn: null }, effects: [{ kind: 'clear' }] };
  }
  // a gateway that was away for weeks fills the memory; what ended long ago is news to nobody
  const latest = kept.at(-1)?.[1] ?? 0;
  if (now - latest > newsForMs) return { memory, effects: [] };
  if (memory.raisedOn !== null && today < memory.raisedOn + quietDays) return { memory, effects: [] };
  const earlier = average(kept.filter((k) => k[3] <= today - days));
  if (!earlier) return { memory, effects: [] };
  const rising = limits.some(({ vital, side, value }) => {
    const [mean, meanBefore] = [recent.mean[vital], earlier.mean[vital]];
    return (
      mean !== undefined &&
      meanBefore !== undefined &&
      isBeyond({ vital, side, value }, mean) &&
      mean - meanBefore >= (parameters['rise-at-least'] ?? 0)
    );
  });
  if (!rising) return { memory, effects: [] };
  const effect: Effect = {
    kind: 'raise',
    severity: rule.severity,
    ground: 'average',
    pages: rule.pages,
    evidence: recent.kept.slice(-evidenceAtMost).map((k) => unpacked(rule.panel, k)),
    explanation: explainRising(rule, parameters, recent, earlier),
    tasks: rule.tasks,
  };
  return { memory: { ...memory, episode: true, raisedOn: today }, effects: [effect] };
}

export type Average = { mean: Partial<Record<VitalName, number>>; readings: number; days: number };

/** Undefined when there is too little to speak of an average. */
const averageOf =
  (rule: Rule, parameters: Record<string, number>) =>
  (kept: readonly Kept[]): (Average & { kept: readonly Kept[] }) | undefined => {
    const first = kept.reduce((earliest, k) => Math.min(earliest, k[3]), Number.POSITIVE_INFINITY);
    const counted = kept.filter((k) => k[3] > first);
    const onDays = new Set(counted.map((k) => k[3])).size;
    if (counted.length < (parameters['readings-at-least'] ?? 12) || onDays < (parameters['days-at-least'] ?? 3))
      return undefined;
    const mean: Average['mean'] = {};
    vitalsOf(rule.panel).forEach((vital, i) => {
      const values = counted.map((k) => k[4][i]).filter((v) => typeof v === 'number');
      if (values.length > 0) mean[vital] = values.reduce((a, b) => a + b, 0) / values.length;
    });
    return { mean, readings: counted.length, days: onDays, kept: counted };
  };

/** In its place by when it was taken: nearly always at the end. */
function placed(kept: readonly Kept[], fresh: Kept): Kept[] {
  let at = kept.length;
  while (at > 0 && (kept[at - 1]?.[1] ?? 0) > fresh[1]) at--;
  return [...kept.slice(0, at), fresh, ...kept.slice(at)];
}

const packed = (evidence: Evidence, day: number): Kept => [
  evidence.reading,
  Date.parse(evidence.takenAt),
  Date.parse(evidence.heardAt),
  day,
  vitalsOf(evidence.panel).map((vital) => vitalIn(evidence, vital) ?? null),
  evidence.marks,
];

const unpacked = (panel: PanelName, [reading, taken, heard, , values, marks]: Kept): Evidence => ({
  reading,
  panel,
  takenAt: new Date(taken).toISOString(),
  heardAt: new Date(heard).toISOString(),
  values: vitalsOf(panel).flatMap((vital, i) => {
    const value = values[i];
    return typeof value === 'number' ? [{ vital, value, unit: vitals[vital].ucum }] : [];
  }),
  marks,
});
