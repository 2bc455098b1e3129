import { z } from 'zod';
import { lateAfterMs } from '#domain/admission.ts';
import { Evidence, Severity } from '#domain/alert.ts';
import { DeviceId, ReadingId, SourceId } from '#domain/ids.ts';
import { vitalIn } from '#domain/reading.ts';
import { Words } from '#domain/words.ts';
import type { History } from '../history/history.ts';
import { deviceOf, evidenceAt, idAt, isArtefact, isLate, receivedAt } from '../history/history-records.ts';
import type { JudgedReading } from '../rule.ts';
import { parameterOf, type Terms } from '../terms.ts';

/** What a rule that waits for a second measurement (confirmed.ts) remembers, and which readings that is. It decides nothing. */

/** A clean, live reading of the last minutes. `used`: it has been evidence already and counts towards nothing new. */
const Kept = z.object({
  evidence: Evidence,
  device: DeviceId,
  source: SourceId,
  receivedAt: z.number(),
  used: z.boolean(),
  asked: z.boolean(),
});
export type Kept = z.infer<typeof Kept>;

export const ConfirmedState = z.object({
  kind: z.literal('confirmed'),
  kept: z.array(Kept),
  countdown: z.object({ first: ReadingId, at: z.number() }).nullable(),
  /**
   * The open episode; `from` is when its first value beyond the limit was taken. While its severity is less than the rule's
   * (raised by a late reading, or grown old), what is confirmed is raised anew.
   */
  episode: z.object({ severity: Severity, opening: Words, from: z.number() }).nullable(),
  /** The first 16 digits of the ids of readings beyond the limit, and of late ones taken up: cuffs replay their memory days later. */
  known: z.array(z.string()),
});
export type ConfirmedState = z.infer<typeof ConfirmedState>;

/** One patient's readings of half an hour; more come only from a device gone wild. */
const keptAtMost = 24;
/** Two severe values a day for three months; a cuff holds fewer. */
const knownAtMost = 200;

export const measuresAny = ({ limits }: Terms, evidence: Evidence): boolean =>
  limits.some(({ vital }) => vitalIn(evidence, vital) !== undefined);

const shortId = (evidence: Evidence): string => evidence.reading.slice(0, 16);

export const isKnown = (state: ConfirmedState, { evidence }: JudgedReading): boolean =>
  state.known.includes(shortId(evidence)) || state.kept.some((k) => k.evidence.reading === evidence.reading);

export const know = (state: ConfirmedState, evidence: Evidence): void => {
  state.known = [...state.known, shortId(evidence)].slice(-knownAtMost);
};

/** Takes up a clean, live reading, and what came before it that matters; lets go of what plays no part any more. */
export function keep(
  terms: Terms,
  history: History,
  state: ConfirmedState,
  { evidence, device, source }: JudgedReading,
  now: number,
): void {
  const oldest = oldestKept(terms, now);
  // the value that is being counted down is never pushed out
  const counted = (k: Kept) => idOf(k) === state.countdown?.first;
  const others = [...before(terms, history, state, evidence, { from: oldest, to: now }), ...state.kept]
    .filter((k) => !counted(k) && k.receivedAt >= oldest)
    .slice(1 - keptAtMost);
  const fresh = { evidence, device, source, receivedAt: now, used: false, asked: false };
  state.kept = [...state.kept.filter(counted), ...others, fresh];
}

/** What was received before plays no part any more. */
export const oldestKept = (terms: Terms, now: number): number => now - lateAfterMs - 2 * timesOf(terms).windowMs;

/** What was received before there was anything to keep: a better value may have come before the worse one that it disproves. */
function before(
  terms: Terms,
  history: History,
  state: ConfirmedState,
  { reading }: Evidence,
  received: { from: number; to: number },
): Kept[] {
  const found: Kept[] = [];
  for (const panel of terms.rule.panels) {
    const records = history.panels.get(panel)?.records;
    if (!records) continue;
    for (let i = Math.max(0, records.count - keptAtMost); i < records.count; i++) {
      const at = receivedAt(records, i);
      if (at < received.from || at > received.to || isLate(records, i) || isArtefact(records, i)) continue;
      const id = idAt(records, i);
      if (id === reading || state.kept.some((k) => idOf(k) === id)) continue;
      const evidence = evidenceAt(records, i);
      if (!measuresAny(terms, evidence)) continue;
      const { device, source } = history.devices[deviceOf(records, i)]!;
      found.push({ evidence, device, source, receivedAt: at, used: false, asked: false });
    }
  }
  return found;
}

/** Marks what was taken since `from` as used and answers it, oldest first. */
export function use(state: ConfirmedState, from: number): Evidence[] {
  const fresh = state.kept.filter((k) => !k.used && takenAt(k) >= from);
  for (const k of fresh) k.used = true;
  return fresh.sort((a, b) => takenAt(a) - takenAt(b) || (idOf(a) < idOf(b) ? -1 : 1)).map((k) => k.evidence);
}

export const timesOf = (terms: Terms): { windowMs: number; gapMs: number } => ({
  windowMs: 1000 * parameterOf(terms, 'confirm-within-seconds', 300),
  gapMs: 1000 * parameterOf(terms, 'min-gap-seconds', 30),
});

export const takenAt = (k: Kept): number => Date.parse(k.evidence.takenAt);
export const idOf = (k: Kept): ReadingId => k.evidence.reading;
