import type { Item } from './item.ts';

/** A point of InfluxDB, as it lies there. */
export type Found = { key: string; value: number };

export type Verdict = {
  /** Samples. */
  sent: number;
  acknowledged: number;
  receipted: number;
  stored: number;
  /** Items in quarantine. */
  quarantined: number;
  /** Acknowledged or receipted, and in the end neither stored nor in quarantine. */
  lost: string[];
  /** Of one measurement more than one point. */
  twice: string[];
  /** Points that nobody sent, or with another value. */
  strange: string[];
  /** Sent, and not receipted in the end. */
  unanswered: string[];
  /** Stored and refused for the wrong reasons: the receipt says one thing, the stores another. */
  untrue: string[];
};

/**
 * Pure. What was sent against what is there.
 * @param quarantined `<source> <ref>` of what lies in quarantine
 */
export function judge(items: readonly Item[], found: readonly Found[], quarantined: ReadonlySet<string>): Verdict {
  const points = new Map<string, Found[]>();
  for (const one of found) points.set(one.key, [...(points.get(one.key) ?? []), one]);
  const values = new Map(items.flatMap(({ samples }) => samples.map(({ key, value }) => [key, value] as const)));
  const sent = items.filter(({ sentAt }) => sentAt !== undefined);
  const kept = (item: Item) =>
    item.bad ? quarantined.has(`${item.source} ${item.ref}`) : item.samples.every(({ key }) => points.has(key));
  const promised = ({ ackedAt, receiptedAt }: Item) => ackedAt !== undefined || receiptedAt !== undefined;
  const named = ({ ref, samples }: Item) => `${ref} (${samples[0]?.key ?? 'to be refused'})`;
  const weight = (some: readonly Item[]) => some.reduce((sum, { samples }) => sum + Math.max(1, samples.length), 0);
  return {
    sent: weight(sent),
    acknowledged: weight(sent.filter(({ ackedAt }) => ackedAt !== undefined)),
    receipted: weight(sent.filter(({ receiptedAt }) => receiptedAt !== undefined)),
    stored: found.length,
    quarantined: quarantined.size,
    lost: sent.filter((item) => promised(item) && !kept(item)).map(named),
    twice: [...points].filter(([, some]) => some.length > 1).map(([key]) => key),
    strange: found.filter(({ key, value }) => values.get(key) !== value).map(({ key }) => key),
    unanswered: sent.filter(({ receiptedAt }) => receiptedAt === undefined).map(named),
    untrue: sent
      .filter(({ outcome, bad }) => outcome !== undefined && (outcome === 'quarantined') !== bad)
      .map((item) => `${named(item)} receipted as ${item.outcome}`),
  };
}
