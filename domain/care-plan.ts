import { z } from 'zod';
import { PatientId } from './ids.ts';
import { Role } from './people.ts';
import { TaskKind } from './task.ts';
import { panelNames } from './vitals.ts';
import { Words } from './words.ts';

/** What a patient is looked after for. A rule may belong to some of these: then it judges only those patients. */
export const programmes = [
  'hypertension',
  'diabetes',
  'cgm',
  // low glucose comes without warning symptoms: somebody must look ahead
  'hypoglycaemia-unaware',
  'heart-failure',
  'copd',
  'arrhythmia',
] as const;
export const Programme = z.enum(programmes);
export type Programme = z.infer<typeof Programme>;

/** `times` measurements of a panel on one day of every `everyDays`. */
export const Expectation = z.object({
  panel: z.enum(panelNames),
  times: z.int().min(1).max(24),
  everyDays: z.int().min(1).max(31),
});
export type Expectation = z.infer<typeof Expectation>;

/** A task that comes again: first on `firstOn` (`YYYY-MM-DD`, a day of the care team), then every `everyDays`. */
export const FollowUp = z.object({
  id: z.uuid(),
  kind: TaskKind,
  title: Words,
  role: Role,
  checklist: z.array(Words).max(20),
  firstOn: z.iso.date(),
  everyDays: z.int().min(1).max(366),
});
export type FollowUp = z.infer<typeof FollowUp>;

/** Away until a moment: nothing is expected meanwhile, and silence is no finding. What is measured all the same is judged as ever. */
export const Pause = z.object({
  from: z.iso.datetime(),
  until: z.iso.datetime(),
  reason: z.enum(['holiday', 'hospital-stay', 'device-repair', 'other']),
});
export type Pause = z.infer<typeof Pause>;

/**
 * What the care team set for one patient. `overrides` changes parameters of rules, by rule and parameter name; the bounds
 * of each stand with the rule, which checks them. `silentAfterMinutes`: no reading for so long and the patient shows as silent.
 */
export const CarePlan = z.object({
  patient: PatientId,
  programmes: z.array(Programme),
  overrides: z.record(z.string(), z.record(z.string(), z.number())),
  expected: z.array(Expectation),
  followUp: z.array(FollowUp),
  pause: Pause.nullable(),
  silentAfterMinutes: z.int().positive(),
});
export type CarePlan = z.infer<typeof CarePlan>;

/** @param now ms since 1970. */
export const isPaused = (plan: Pick<CarePlan, 'pause'>, now: number): boolean =>
  plan.pause !== null && Date.parse(plan.pause.from) <= now && now < Date.parse(plan.pause.until);

/** One day of the usual once- or twice-daily measuring, and six hours' grace. */
export const usualSilentAfterMinutes = 30 * 60;
