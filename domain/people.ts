import { z } from 'zod';
import { ClinicianId, PatientId, TeamId } from './ids.ts';
import { languages, Words } from './words.ts';

export const roles = ['nurse', 'doctor', 'administrator'] as const;
export const Role = z.enum(roles);
export type Role = z.infer<typeof Role>;

export const Clinician = z.object({
  id: ClinicianId,
  email: z.email(),
  name: Words,
  role: Role,
  language: z.enum(languages),
});
export type Clinician = z.infer<typeof Clinician>;

export const CareTeam = z.object({ id: TeamId, name: Words, timeZone: z.string() });
export type CareTeam = z.infer<typeof CareTeam>;

export const Patient = z.object({
  id: PatientId,
  team: TeamId,
  name: Words,
  birthDate: z.iso.date(),
  sex: z.enum(['female', 'male', 'other', 'unknown']),
  conditions: z.array(Words),
});
export type Patient = z.infer<typeof Patient>;

/** Age in whole years on a day (both `YYYY-MM-DD`). */
export function ageOn(birthDate: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4));
  return day.slice(5) < birthDate.slice(5) ? years - 1 : years;
}
