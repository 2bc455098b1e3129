import { z } from 'zod';
import { ParameterSet, PeopleModel, spanDaysAtMost, usualPeople } from '#domain/backtest.ts';
import { Expectation, FollowUp, Pause, Programme } from '#domain/care-plan.ts';
import { PatientId, TeamId } from '#domain/ids.ts';

/**
 * What callers may send about plans, limits and backtests. Strict, as in bodies.ts. `seen`: what stood there when they looked, so that nobody
 * undoes what a colleague has set since; of a rule without parameters of its own `{}`.
 */

const parameters = z.record(z.string().max(64), z.number());
const dayMs = 86_400_000;

/** `forecast`: the id of one about this very change, which was seen before. */
export const SetParameters = z.strictObject({
  parameters,
  seen: parameters.optional(),
  forecast: z.uuid().optional(),
});
export const SetProgrammes = z.strictObject({
  programmes: z.array(Programme).max(20).refine(distinct, { error: 'names a programme twice' }),
  seen: z.array(Programme).max(20).optional(),
});
export const SetExpected = z.strictObject({
  expected: z
    .array(Expectation)
    .max(20)
    .refine((all) => distinct(all.map(({ panel }) => panel)), { error: 'expects one panel twice' }),
  seen: z.array(Expectation).max(20).optional(),
});
export const SetFollowUp = z.strictObject({
  followUp: z
    .array(FollowUp)
    .max(50)
    .refine((all) => distinct(all.map(({ id }) => id)), { error: 'holds one id twice' }),
  seen: z.array(FollowUp).max(50).optional(),
});
/** Null ends a pause. */
export const SetPause = z.strictObject({
  pause: Pause.refine(({ from, until }) => Date.parse(from) < Date.parse(until), {
    path: ['until'],
    error: 'must be after its beginning',
  })
    // who is away for longer is with another team, or forgotten
    .refine(({ from, until }) => Date.parse(until) - Date.parse(from) <= 366 * dayMs, {
      path: ['until'],
      error: 'must be within a year of its beginning',
    })
    .nullable(),
  seen: Pause.nullable().optional(),
});

export const AskForecast = z.strictObject({ rule: z.string().max(64), parameters });

/** `rules`, `patients`: all, where none is named. `team`: may be left out by who is in one team only. */
export const AskBacktest = z
  .strictObject({
    team: TeamId.optional(),
    rules: z.array(z.string().max(64)).max(200).default([]),
    patients: z.array(PatientId).max(500).default([]),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    set: ParameterSet.nullable().default(null),
    people: PeopleModel.default(usualPeople),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), { path: ['to'], error: 'must be after from' })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) <= spanDaysAtMost * dayMs, {
    path: ['to'],
    error: `must be within ${spanDaysAtMost} days of from`,
  });

function distinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
