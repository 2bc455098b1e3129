import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FollowUp } from '#domain/care-plan.ts';
import { followUpsDue } from '#domain/follow-up.ts';
import { dayAround, dayIn } from '#domain/zone.ts';
import { hour, words } from '../support/alerts.ts';

/** Which days a plan asks for its tasks again, around changes of clocks and pauses. */

const zones = ['Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC', 'Pacific/Apia'];
const dayMs = 24 * hour;
const followUp = (firstOn: string, everyDays: number): FollowUp =>
  FollowUp.parse({
    id: '00000000-0000-4000-8000-000000000030',
    ...{ kind: 'call', title: words, role: 'nurse', checklist: [], firstOn, everyDays },
  });
/** In the weeks in which Europe, America and Australia change their clocks. */
const begin = fc.integer({ min: 0, max: 40 * 24 }).map((hours) => Date.UTC(2026, 2, 1) + hours * hour);

/** Looks every hour, as the agenda does, and answers the days asked for, in order. */
function daysAsked(plan: Parameters<typeof followUpsDue>[0], zone: string, from: number, days: number): string[] {
  const asked = new Set<string>();
  for (let now = from; now < from + days * dayMs; now += hour)
    for (const { on, dueAt } of followUpsDue(plan, zone, now, from)) {
      asked.add(on);
      expect(dayIn(zone, dueAt - 1)).toBe(on);
      expect(dueAt).toBeGreaterThan(now - 25 * hour);
    }
  return [...asked].sort();
}

/** The days of the team on which somebody looked. */
function daysOf(zone: string, from: number, days: number): string[] {
  const all: string[] = [];
  for (let at = from; at <= from + days * dayMs - hour; at = dayAround(zone, at).to) all.push(dayIn(zone, at));
  return all;
}

it('every so many days, counted from the first, each once', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      begin,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: -5, max: 5 }),
      (zone, from, every, first) => {
        const firstOn = dayIn('UTC', from + first * dayMs);
        const expected = daysOf(zone, from, 20).filter((day) => {
          const days = (Date.parse(day) - Date.parse(firstOn)) / dayMs;
          return days >= 0 && days % every === 0;
        });
        expect(daysAsked({ followUp: [followUp(firstOn, every)], pause: null }, zone, from, 20)).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
});

it('never while the patient is paused, and again from the moment the pause is over', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      begin,
      fc.integer({ min: 1, max: 96 }),
      fc.integer({ min: 1, max: 96 }),
      (zone, from, wait, hours) => {
        const until = from + (wait + hours) * hour;
        const pause = {
          ...{ from: new Date(from + wait * hour).toISOString(), until: new Date(until).toISOString() },
          reason: 'holiday' as const,
        };
        const plan = { followUp: [followUp(dayIn('UTC', from - 3 * dayMs), 1)], pause };
        for (let now = from + wait * hour; now < until; now += hour)
          expect(followUpsDue(plan, zone, now, from)).toEqual([]);
        const after = followUpsDue(plan, zone, until, from).map(({ on }) => on);
        expect(after.at(-1)).toBe(dayIn(zone, until));
        // the day before is made up for where it was over when the pause began
        if (after.length > 1) expect(dayAround(zone, until).from).toBeLessThanOrEqual(Date.parse(pause.from));
      },
    ),
    { numRuns: 40 },
  );
});

it('what an outage of a day left out is made up for, and what was not planned then is not', () => {
  const now = Date.UTC(2026, 4, 6, 1);
  const plan = { followUp: [followUp('2026-05-05', 7)], pause: null };
  const on = (plannedAt: number) => followUpsDue(plan, 'Asia/Shanghai', now, plannedAt).map((due) => due.on);
  expect(on(now - 30 * dayMs)).toEqual(['2026-05-05']);
  expect(on(now - 2 * hour)).toEqual([]);
});
