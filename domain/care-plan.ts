import { z } from 'zod';
import { PatientId } from './ids.ts';

/**
 * What the care team set for one patient. `overrides` changes parameters of rules, by rule and parameter name; the bounds
 * of each stand with the rule, which checks them. `silentAfterMinutes`: no reading for so long and the patient shows as silent.
 */
export const CarePlan = z.object({
  patient: PatientId,
  overrides: z.record(z.string(), z.record(z.string(), z.number())),
  silentAfterMinutes: z.int().positive(),
});
export type CarePlan = z.infer<typeof CarePlan>;

/** One day of the usual once- or twice-daily measuring, and six hours' grace. */
export const usualSilentAfterMinutes = 30 * 60;
