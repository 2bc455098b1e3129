import type { Severity } from '#domain/alert.ts';
import { type Policies, type Target, whomToCall } from '#domain/escalation.ts';
import type { ClinicianId } from '#domain/ids.ts';
import type { Role } from '#domain/people.ts';

/** Times in which places that policies call are held by nobody, and what alerts do then. Pure; instants are ms since 1970. */

type Gap = { place: number; from: number; to: number };
/** In [from, to) nobody holds these places, and somebody holds all others. */
export type OpenTime = { from: number; to: number; places: number[] };

export function openTimes(gaps: readonly Gap[]): OpenTime[] {
  const moments = [...new Set(gaps.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  return moments.flatMap((from, i) => {
    const to = moments[i + 1];
    const places = gaps.flatMap((gap) => (gap.from <= from && from < gap.to ? [gap.place] : []));
    if (to === undefined || places.length === 0) return [];
    return [{ from, to, places: places.sort((a, b) => a - b) }];
  });
}

/** `everybody`: of the team is called, for no step has anybody. `others`: the calls go on to those that are there. */
export type Consequence = 'everybody' | 'others';

/** For each severity whose policy calls one of these places. */
export function consequences(
  open: readonly number[],
  policies: Policies,
  team: readonly { id: ClinicianId; role: Role; mayServe: boolean }[],
): Partial<Record<Severity, Consequence>> {
  const members = team.filter(({ mayServe }) => mayServe);
  const someone = members[0]?.id;
  const found: Partial<Record<Severity, Consequence>> = {};
  for (const severity of ['critical', 'urgent', 'routine'] as const) {
    const targets = policies[severity]?.steps.flatMap((step) => step.targets) ?? [];
    const places = targets.flatMap((target) => (target.kind === 'on-call' ? [target.place] : []));
    if (!places.some((place) => open.includes(place))) continue;
    const onCall = new Map(places.flatMap((place) => (someone && !open.includes(place) ? [[place, someone]] : [])));
    found[severity] = hasAnybody(targets, onCall, members) ? 'others' : 'everybody';
  }
  return found;
}

const hasAnybody = (
  targets: readonly Target[],
  onCall: ReadonlyMap<number, ClinicianId>,
  members: readonly { id: ClinicianId; role: Role }[],
): boolean => whomToCall(targets, { onCall, members }).length > 0;
