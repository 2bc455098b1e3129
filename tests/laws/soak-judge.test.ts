import { describe, expect, it } from 'vitest';
import { darkness, wasAccepted } from '../support/soak/dark.ts';
import { judge } from '../support/soak/judge.ts';
import type { HandedOver } from '../support/soak/words.ts';

/** Who judges a soak must not be lenient: what it excuses, and what not. */
const device = '5A:0A:00:00:00:01';
const told = (frames: string[], at: number): HandedOver => ({ address: device, frames, at, becomes: 'reading' });
const arrival = (raw: string, id = raw) => ({ device, raw, id, heardAt: 0 });

function judged(
  handedOver: HandedOver[],
  {
    accepted = {},
    kills = [],
    ...found
  }: {
    arrived?: string[];
    aside?: string[];
    unheard?: string[];
    accepted?: Record<string, number>;
    kills?: number[];
  },
) {
  const times = new Map(Object.entries(accepted).map(([hex, at]) => [`${device} ${hex}`, [at]]));
  const died = kills.map((at) => ({ at, goneAt: at + 20 }));
  const judgement = judge(
    handedOver,
    (found.unheard ?? []).map((hex) => ({ address: device, hex })),
    (found.arrived ?? []).map((raw) => arrival(raw)),
    (found.aside ?? []).map((raw) => ({ device, reason: 'alone', at: 0, raw })),
    (one) => wasAccepted(times, one),
    darkness(handedOver, times, () => 0, died),
  );
  return Object.entries(judgement).flatMap(([verdict, all]) => all.map(() => verdict));
}

describe('the judge of a soak', () => {
  it('finds nothing to say about what has arrived, whole', () => {
    expect(judged([told(['aa01', 'bb'], 1_000)], { arrived: ['aa01bb'] })).toEqual([]);
  });

  it('calls lost what is nowhere, and kept aside what ought to be a reading', () => {
    expect(judged([told(['aa01'], 1_000)], {})).toEqual(['lost']);
    expect(judged([told(['aa01'], 1_000)], { aside: ['aa01'] })).toEqual(['onlyAside']);
    expect(judged([told(['aa01', 'bb'], 1_000)], { arrived: ['aa01'] })).toEqual(['lost']);
  });

  it('excuses what nobody was let hear, and what a killed gateway had not read', () => {
    expect(judged([told(['aa01'], 1_000)], { unheard: ['aa01'] })).toEqual(['unheard']);
    expect(judged([told(['aa01'], 9_990)], { kills: [10_000] })).toEqual(['inTheDark']);
    expect(judged([told(['aa01'], 10_100)], { kills: [10_000] })).toEqual(['inTheDark']);
  });

  it('excuses no kill where the gateway had accepted it, or something that was told later, or died long before', () => {
    expect(judged([told(['aa01'], 9_990)], { kills: [10_000], accepted: { aa01: 9_991 } })).toEqual(['lost']);
    const later = told(['cc02'], 9_800);
    const accepted = { cc02: 9_805 };
    expect(judged([told(['aa01'], 9_600), later], { kills: [10_000], accepted, arrived: ['cc02'] })).toEqual(['lost']);
    expect(judged([told(['aa01'], 11_000)], { kills: [10_000] })).toEqual(['lost']);
  });

  it('notices one measurement that became two readings', () => {
    const handedOver = [told(['aa01'], 1_000)];
    const arrived = [arrival('aa01', 'one'), arrival('aa01', 'two')];
    const { twice } = judge(
      handedOver,
      [],
      arrived,
      [],
      () => true,
      () => undefined,
    );
    expect(twice).toHaveLength(1);
  });
});
