import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onCallStep, policiesFor } from '#domain/escalation.ts';
import { ClinicianId } from '#domain/ids.ts';
import { gapsBetween, onCallBetween } from '#domain/rota.ts';
import { consequences, openTimes } from '../../dashboards/console/on-call/open-times.ts';
import { positionIn, spansOf, weeksFrom, within } from '../../dashboards/console/on-call/weeks.ts';
import { layerOf } from '../support/rota.ts';

/** What the console draws and says of who is on call. */

const hourMs = 3_600_000;
const zones = ['Asia/Shanghai', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'UTC'];
const moments = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) });
const person = (n: number) => ClinicianId.parse(`4ea47b00-0002-4000-8000-00000000000${n}`);
const [ann, ben, eve] = [person(1), person(2), person(3)];

describe('the weeks of a calendar', () => {
  it('follow each other from Monday to Sunday, whatever the clocks do', () => {
    fc.assert(
      fc.property(moments, fc.constantFrom(...zones), (at, zone) => {
        const weeks = weeksFrom(at, 5, zone);
        const days = weeks.flatMap((week) => week.days);
        expect(weeks[0]?.from).toBeLessThanOrEqual(at);
        expect(weeks[0]?.to).toBeGreaterThan(at);
        for (const [i, day] of days.entries()) {
          expect(new Date(`${day.on}T00:00Z`).getUTCDay()).toBe((i + 1) % 7);
          expect(days[i + 1]?.from ?? day.to).toBe(day.to);
          expect([23, 23.5, 24, 24.5, 25]).toContain((day.to - day.from) / hourMs);
        }
      }),
    );
  });

  it('draw later things further to the right, and each day as wide as the others', () => {
    const [week] = weeksFrom(Date.UTC(2026, 9, 24), 1, 'Europe/Berlin');
    if (!week) throw new Error('no week');
    expect(week.days.map(({ from, to }) => (to - from) / hourMs)).toEqual([24, 24, 24, 24, 24, 24, 25]);
    expect(week.days.map(({ from }) => positionIn(week, from) * 7)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((n) => expect.closeTo(n)),
    );
    expect(positionIn(week, week.from - 1)).toBe(0);
    expect(positionIn(week, week.to)).toBe(1);
    for (let at = week.from; at < week.to; at += hourMs)
      expect(positionIn(week, at + hourMs)).toBeGreaterThan(positionIn(week, at));
  });

  it('show of every place who serves or that nobody does, with nothing left out and nothing twice', () => {
    const nights = {
      ...layerOf('nights', [ann, ben], [eve]),
      shifts: [{ days: [1, 3, 6], from: '20:00', to: '08:00' }],
    };
    fc.assert(
      fc.property(moments, fc.constantFrom(...zones), (at, timeZone) => {
        const weeks = weeksFrom(at, 2, timeZone);
        const [from, to] = [weeks[0]?.from ?? 0, weeks.at(-1)?.to ?? 0];
        const watches = onCallBetween({ layers: [nights], holidays: [], overrides: [], timeZone }, from, to);
        const spans = spansOf(watches, 0, true);
        expect([spans[0]?.from, spans.at(-1)?.to]).toEqual([from, to]);
        for (const [i, span] of spans.entries()) expect(spans[i + 1]?.from ?? to).toBe(span.to);
        const held = spansOf(watches, 0, false);
        expect(held).toEqual(spans.filter(({ duty }) => duty !== null));
        const cut = weeks.flatMap((week) => within(spans, week));
        expect(cut.reduce((sum, span) => sum + span.to - span.from, 0)).toBe(to - from);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a time in which nobody is on call', () => {
  const both = { place: 0, from: 10, to: 20 };
  const second = { place: 1, from: 15, to: 30 };
  const team = [ann, ben].map((id) => ({ id, role: 'nurse' as const, mayServe: true }));
  const usual = policiesFor({ steps: [onCallStep(0, 0), onCallStep(300, 1)], repeatAfterSeconds: 900, rounds: 3 });

  it('is told with all places that are open in it', () => {
    expect(openTimes([both, second])).toEqual([
      { from: 10, to: 15, places: [0] },
      { from: 15, to: 20, places: [0, 1] },
      { from: 20, to: 30, places: [1] },
    ]);
    expect(openTimes([{ ...both, to: 12 }, second]).map(({ from, to }) => [from, to])).toEqual([
      [10, 12],
      [15, 30],
    ]);
  });

  it('makes alerts call everybody where no step has anybody, else the next who is there, and is silent of others', () => {
    expect(consequences([0, 1], usual, team)).toEqual({ critical: 'everybody', urgent: 'everybody' });
    expect(consequences([0], usual, team)).toEqual({ critical: 'others', urgent: 'everybody' });
    expect(consequences([1], usual, team)).toEqual({ critical: 'others' });
    expect(consequences([5], usual, team)).toEqual({});
    const nurses = { afterSeconds: 600, targets: [{ kind: 'role' as const, role: 'nurse' as const }], channels: null };
    const further = { ...usual, critical: { ...usual.critical, steps: [...usual.critical.steps, nurses] } };
    expect(consequences([0, 1], further, team)).toEqual({ critical: 'others', urgent: 'everybody' });
    expect(consequences([0, 1], further, [])).toEqual({ critical: 'everybody', urgent: 'everybody' });
  });

  it('is a gap of the rota, and every gap is told', () => {
    const days = { ...layerOf('days', [ann], []), shifts: [{ days: [1, 2, 3, 4, 5], from: '08:00', to: '20:00' }] };
    const plan = { layers: [days], holidays: [], overrides: [], timeZone: 'Europe/Berlin' };
    fc.assert(
      fc.property(moments, (from) => {
        const to = from + 200 * hourMs;
        const gaps = gapsBetween(plan, [0, 1], from, to);
        for (const place of [0, 1]) {
          const of = (spans: { from: number; to: number }[]) => spans.reduce((sum, one) => sum + one.to - one.from, 0);
          expect(of(openTimes(gaps).filter(({ places }) => places.includes(place)))).toBe(
            of(gaps.filter((gap) => gap.place === place)),
          );
        }
      }),
      { numRuns: 30 },
    );
  });
});
