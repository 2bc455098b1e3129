import { describe, expect, it } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import type { Item } from '../support/chaos/item.ts';
import { type Found, judge } from '../support/chaos/judge.ts';

/** Who judges the platform is judged: each broken promise is seen, and nothing else is taken for one. */
const source = SourceId.parse('home-1');
const kept = (ref: string, wish: Partial<Item> = {}): Item => ({
  source,
  ref,
  samples: [{ key: `heart-rate watch-1 ${ref}`, panel: 'heart-rate', value: 70 }],
  bad: false,
  sentAt: 1,
  ackedAt: 2,
  receiptedAt: 3,
  outcome: 'stored',
  sendings: 1,
  ...wish,
});
const point = (ref: string, value = 70): Found => ({ key: `heart-rate watch-1 ${ref}`, value });
const faultsIn = (items: Item[], found: Found[], aside: string[] = []) => {
  const { lost, twice, strange, unanswered, untrue } = judge(items, found, new Set(aside));
  return Object.entries({ lost, twice, strange, unanswered, untrue })
    .filter(([, some]) => some.length > 0)
    .map(([name]) => name);
};

describe('the judge of the chaos', () => {
  it('finds nothing where everything is as it should be', () => {
    const bad = kept('b', { bad: true, samples: [], outcome: 'quarantined' });
    expect(faultsIn([kept('a'), bad], [point('a')], ['home-1 b'])).toEqual([]);
  });

  it('sees what is lost, whether it was acknowledged or only receipted', () => {
    expect(faultsIn([kept('a')], [])).toEqual(['lost']);
    expect(faultsIn([kept('a', { receiptedAt: undefined, outcome: undefined })], [])).toEqual(['lost', 'unanswered']);
    expect(faultsIn([kept('a', { ackedAt: undefined })], [])).toEqual(['lost']);
  });

  it('sees one sample of a series that is missing', () => {
    const samples = ['x', 'y'].map((ref) => kept(ref).samples[0]!);
    expect(faultsIn([kept('s', { samples })], [point('x')])).toEqual(['lost']);
  });

  it('sees what is stored twice, changed, or was never sent', () => {
    expect(faultsIn([kept('a')], [point('a'), point('a')])).toEqual(['twice']);
    expect(faultsIn([kept('a')], [point('a', 71)])).toEqual(['strange']);
    expect(faultsIn([kept('a')], [point('a'), point('z')])).toEqual(['strange']);
  });

  it('sees a receipt that is not true', () => {
    expect(faultsIn([kept('a', { outcome: 'quarantined' })], [point('a')])).toEqual(['untrue']);
    expect(faultsIn([kept('b', { bad: true, samples: [], outcome: 'quarantined' })], [])).toEqual(['lost']);
  });

  it('asks nothing of what was never sent', () => {
    const unsent = kept('a', { sentAt: undefined, ackedAt: undefined, receiptedAt: undefined, outcome: undefined });
    expect(faultsIn([unsent], [])).toEqual([]);
  });
});
