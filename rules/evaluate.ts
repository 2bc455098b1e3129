import { parametersInForce } from '#domain/rule-book.ts';
import { ConfirmedMemory, confirmed } from './confirmed.ts';
import { RisingMemory, risingAverage } from './rising-average.ts';
import type { Effect, Happening, Judgement, Rule } from './rule.ts';

/** What a rule remembers of one patient: small JSON, from `freshMemory` or an earlier `evaluate`. */
export type Memory = ConfirmedMemory | RisingMemory;

/**
 * The judgement. Pure and incremental: the same history in any order of arrival ends in the same alerts where time allows, and
 * a reading that comes again changes nothing.
 *
 * @param parameters in force for the patient, from `parametersInForce`.
 * @param now when the server heard the reading, or when a lapse is asked about; ms since 1970. Judging late (after an outage)
 *   therefore gives what judging in time would have given.
 */
export function evaluate(
  rule: Rule,
  parameters: Record<string, number>,
  memory: Memory,
  happening: Happening,
  now: number,
): Judgement<Memory> {
  if (happening.kind === 'reading' && happening.reading.evidence.panel !== rule.panel) return { memory, effects: [] };
  if (memory.kind !== rule.judging.kind)
    throw new Error(`the memory of another kind of rule was given to ${rule.rule}`);
  const judgement =
    memory.kind === 'confirmed'
      ? confirmed(rule, parameters, memory, happening, now)
      : risingAverage(rule, parameters, memory, happening, now);
  own.add(judgement.memory);
  return judgement;
}

export function freshMemory(rule: Rule): Memory {
  switch (rule.judging.kind) {
    case 'confirmed':
      return { kind: 'confirmed', kept: [], countdown: null, episode: null, known: [] };
    case 'rising-average':
      return { kind: 'rising-average', kept: [], episode: false, raisedOn: null };
  }
}

/** Memory as it was stored; undefined when it is of another shape than this version's, and the rule must start afresh. */
export function readMemory(rule: Rule, stored: unknown): Memory | undefined {
  if (isOwn(stored) && stored.kind === rule.judging.kind) return stored;
  const schema = rule.judging.kind === 'confirmed' ? ConfirmedMemory : RisingMemory;
  const parsed = schema.safeParse(stored);
  return parsed.success ? parsed.data : undefined;
}

/** Memories that were made here, never changed, and need no proof of their shape. */
const own = new WeakSet<object>();
const isOwn = (stored: unknown): stored is Memory => typeof stored === 'object' && stored !== null && own.has(stored);

export type { Effect };
export { parametersInForce };
