import { z } from 'zod';
import { Evidence, evidenceAtMost } from '#domain/alert.ts';
import { artefactMarks, vitalIn } from '#domain/reading.ts';
import type { VitalName } from '#domain/vitals.ts';
import { explainRising } from './explain.ts';
import { gradeOf, isBeyond, limitsOf } from './limits.ts';
import type { Effect, Happening, Judgement, Rule } from './rule.ts';

/**
 * The average of the last seven of the patient's days that have readings in them, the first of those days discarded, against the
 * same of the seven days before. Needs no store: two weeks of readings are its memory. Late readings count like any other, for an
 * average wakes nobody. It closes by itself when the average is better than the limit by the margin.
 */

export const RisingMemory = z.object({
  kind: z.literal('rising-average'),
  kept: z.array(z.object({ evidence: Evidence, day: z.int() })),
  episode: z.boolean(),
  /** The day it was raised last. */
  raisedOn: z.int().nullable(),
});
export type RisingMemory = z.infer<typeof RisingMemory>;

const days = 7;
/** Twenty a day for two weeks; who measures more often is averaged over the latest. */
const keptAtMost = 280;
/** Once a person has closed it, the same slow trend is not told again before this many days. */
const quietDays = 7;

export function risingAverage(
  rule: Rule,
  parameters: Record<string, number>,
  before: RisingMemory,
  happening: Happening,
): Judgement<RisingMemory> {
  if (happening.kind === 'lapse') return { memory: before, effects: [] };
  if (happening.kind === 'resolved') return { memory: { ...before, episode: false }, effects: [] };
  const { evidence, day } = happening.reading;
  if (evidence.marks.some((mark) => artefactMarks.includes(mark))) return { memory: before, effects: [] };
  if (before.kept.some((k) => k.evidence.reading === evidence.reading)) return { memory: before, effects: [] };

  const today = Math.max(day, ...before.kept.map((k) => k.day));
  const kept = [...before.kept, { evidence, day }]
    .filter((k) => k.day > today - 2 * days)
    .sort((a, b) => Date.parse(a.evidence.takenAt) - Date.parse(b.evidence.takenAt))
    .slice(-keptAtMost);
  const memory: RisingMemory = { ...before, kept };

  const limits = limitsOf(rule, parameters);
  const vitals = limits.map((limit) => limit.vital);
  const now = average(
    kept.filter((k) => k.day > today - days),
    vitals,
    parameters,
  );
  const earlier = average(
    kept.filter((k) => k.day <= today - days),
    vitals,
    parameters,
  );
  if (!now) return { memory, effects: [] };

  if (memory.episode) {
    if (gradeOf(limits, parameters['recovery-margin'] ?? 0, (vital) => now.mean[vital]) !== 'within')
      return { memory, effects: [] };
    return { memory: { ...memory, episode: false, raisedOn: null }, effects: [{ kind: 'clear' }] };
  }
  if (!earlier || (memory.raisedOn !== null && today < memory.raisedOn + quietDays)) return { memory, effects: [] };
  const rising = limits.some(({ vital, side, value }) => {
    const [mean, meanBefore] = [now.mean[vital], earlier.mean[vital]];
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
    evidence: now.readings.slice(-evidenceAtMost),
    explanation: explainRising(rule, parameters, now, earlier),
    tasks: rule.tasks,
  };
  return { memory: { ...memory, episode: true, raisedOn: today }, effects: [effect] };
}

export type Average = { mean: Partial<Record<VitalName, number>>; readings: Evidence[]; days: number };

/** Undefined when there is too little to speak of an average. */
function average(
  kept: RisingMemory['kept'],
  vitals: readonly VitalName[],
  parameters: Record<string, number>,
): Average | undefined {
  const first = Math.min(...kept.map((k) => k.day));
  const counted = kept.filter((k) => k.day > first);
  const onDays = new Set(counted.map((k) => k.day)).size;
  if (counted.length < (parameters['readings-at-least'] ?? 12) || onDays < (parameters['days-at-least'] ?? 3))
    return undefined;
  const readings = counted.map((k) => k.evidence);
  const mean: Average['mean'] = {};
  for (const vital of vitals) {
    const values = readings.map((r) => vitalIn(r, vital)).filter((v) => v !== undefined);
    if (values.length > 0) mean[vital] = values.reduce((a, b) => a + b, 0) / values.length;
  }
  return { mean, readings, days: onDays };
}
