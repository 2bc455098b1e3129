import { z } from 'zod';
import { Policies } from './escalation.ts';
import { ClinicianId, TeamId } from './ids.ts';
import { Role } from './people.ts';
import { Duty, Override, Rota } from './rota.ts';
import { PersonRef } from './views.ts';
import { Words } from './words.ts';

/** What the API tells of rotas and policies. */

/** Somebody who is on the rota or could be. `channels`: by which they can be reached; empty is by none. */
export const RotaPerson = z.object({
  id: ClinicianId,
  name: Words,
  role: Role,
  channels: z.array(z.string()),
  /** A nurse or doctor of this team who may sign in. Anybody else on the rota is passed over. */
  mayServe: z.boolean(),
});
export type RotaPerson = z.infer<typeof RotaPerson>;

/** A place that a policy calls and nobody holds. */
export const GapView = z.object({ place: z.int(), from: z.iso.datetime(), to: z.iso.datetime() });
export type GapView = z.infer<typeof GapView>;

export const RotaView = z.object({
  team: TeamId,
  timeZone: z.string(),
  /** 0 where nobody has set one down. Whoever changes it says which one they saw. */
  version: z.int(),
  updatedAt: z.iso.datetime().nullable(),
  updatedBy: PersonRef.nullable(),
  rota: Rota,
  /** Those that are not over. */
  overrides: z.array(Override),
  people: z.array(RotaPerson),
  /** The places that policies call. */
  places: z.array(z.int()),
  /** Of the next 14 days. In a gap of all places everybody of the team is called. */
  gaps: z.array(GapView),
  /** On the rota, and reached by no channel: their calls go on to the next. */
  unreachable: z.array(ClinicianId),
});
export type RotaView = z.infer<typeof RotaView>;

/** For a calendar. `watches` follow each other without a gap from `from` to `to`; in each the same people are on call. */
export const OnCallView = z.object({
  team: TeamId,
  timeZone: z.string(),
  now: z.array(Duty),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  watches: z.array(z.object({ from: z.iso.datetime(), to: z.iso.datetime(), duties: z.array(Duty) })),
  gaps: z.array(GapView),
  people: z.array(PersonRef),
});
export type OnCallView = z.infer<typeof OnCallView>;

export const PoliciesView = z.object({
  team: TeamId,
  timeZone: z.string(),
  version: z.int(),
  updatedAt: z.iso.datetime().nullable(),
  updatedBy: PersonRef.nullable(),
  policies: Policies,
  /** By their names: those that are set up. */
  channels: z.array(z.string()),
});
export type PoliciesView = z.infer<typeof PoliciesView>;

/** Whom an alert would call when, if nobody acknowledged. Null: alerts so grave call nobody. */
export const Rehearsal = z.object({
  calls: z
    .array(
      z.object({
        at: z.iso.datetime(),
        recipients: z.array(PersonRef),
        /** Null: every one there is. */
        channels: z.array(z.string()).nullable(),
        /** Because nobody is on call. */
        everybody: z.boolean(),
      }),
    )
    .nullable(),
  /** The quiet hours in which it would open end then; null where there are none. */
  quietUntil: z.iso.datetime().nullable(),
});
export type Rehearsal = z.infer<typeof Rehearsal>;
