import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { platformTroubleNames, platformTroubles } from '#domain/platform.ts';
import { judge, type Standing, steadyMs } from '#runtime/overseer/judge.ts';
import type { Health } from '#runtime/service.ts';

const away: Health = { state: 'down', trouble: 'records-away', detail: 'PostgreSQL does not answer' };
const well: Health = { state: 'ok' };
const begin = Date.parse('2026-11-22T08:00:00Z');

/** Looks every ten seconds at what a component says. */
function watch(says: (atMs: number) => Record<string, Health>, lengthMs: number) {
  let standing: Standing[] = [];
  const told: { at: number; what: 'opened' | 'closed'; component: string }[] = [];
  for (let at = 0; at <= lengthMs; at += 10_000) {
    const judged = judge(standing, says(at), begin + at, at);
    standing = judged.standing;
    for (const { component } of judged.opened) told.push({ at, what: 'opened', component });
    for (const { component } of judged.closed) told.push({ at, what: 'closed', component });
  }
  return { told, standing };
}

describe('an alert about the platform', () => {
  it('opens when the trouble has lasted as long as it may, with the time at which it began, and closes when it is steady again', () => {
    const { told } = watch((at) => ({ postgresql: at >= 20_000 && at < 100_000 ? away : well }), 300_000);
    expect(told).toEqual([
      { at: 50_000, what: 'opened', component: 'postgresql' },
      { at: 90_000 + steadyMs, what: 'closed', component: 'postgresql' },
    ]);
  });

  it('says nothing of what passes sooner, and is one alert while it flickers', () => {
    expect(watch((at) => ({ postgresql: at % 40_000 < 20_000 ? away : well }), 600_000).told).toEqual([]);
    const flickers = (at: number) => ({ postgresql: at < 60_000 || at % 50_000 === 0 ? away : well });
    expect(watch(flickers, 600_000).told).toHaveLength(1);
  });

  it('is another one where the trouble changes, and none where it is only shown', () => {
    const { told, standing } = watch(
      (at) => ({ journal: { state: 'down', trouble: at < 120_000 ? 'journal-nearly-full' : 'journal-full' } }),
      240_000,
    );
    expect(told.map(({ at, what }) => [at, what])).toEqual([
      [60_000, 'opened'],
      [120_000, 'opened'],
      [110_000 + steadyMs, 'closed'],
    ]);
    expect(standing).toHaveLength(1);
    const shown = () => ({ 'vitals-store': { state: 'degraded', trouble: 'vitals-store-fallback' } as const });
    expect(watch(shown, 3_600_000).told).toEqual([]);
  });

  it('has a time and words for whatever a component says, and never opens twice or closes what is not open', () => {
    const health = fc.record(
      {
        state: fc.constantFrom('ok' as const, 'degraded' as const, 'down' as const),
        trouble: fc.constantFrom(...platformTroubleNames),
      },
      { requiredKeys: ['state'] },
    );
    fc.assert(
      fc.property(fc.array(health, { minLength: 1, maxLength: 60 }), (list) => {
        const { told } = watch((at) => ({ one: list[(at / 10_000) % list.length] as Health }), 1_200_000);
        const open = told.filter(({ what }) => what === 'opened').length;
        const closed = told.length - open;
        expect(closed).toBeLessThanOrEqual(open);
      }),
      { numRuns: 200 },
    );
    expect(Object.keys(platformTroubles)).toContain('limited');
  });
});
