import { z } from 'zod';
import type { Severity } from './alert.ts';
import { ClinicianId } from './ids.ts';
import type { Role } from './people.ts';
import { minuteOf, wallClockOf } from './wall-clock.ts';

/**
 * Who is called when. A team's policies are data; the one in force is frozen into the alert at its opening, while who holds a place
 * on the rota is asked when a step begins. Steps are numbered through all rounds from 0; the wait before a step counts from when
 * the step before it began, so that somebody who was called late still has the time to answer.
 */

/** A place on the rota, everybody of the team with a role, or one person. */
export const Target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('on-call'), place: z.int().min(0).max(9) }),
  z.strictObject({ kind: z.literal('role'), role: z.enum(['nurse', 'doctor']) }),
  z.strictObject({ kind: z.literal('person'), clinician: ClinicianId }),
]);
export type Target = z.infer<typeof Target>;

/** `afterSeconds`: from the beginning of the round. `channels`: by their names; null is every one there is. */
export const PolicyStep = z.strictObject({
  afterSeconds: z.int().min(0).max(86_400),
  targets: z.array(Target).min(1).max(20),
  channels: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/))
    .min(1)
    .max(20)
    .nullable(),
});
export type PolicyStep = z.infer<typeof PolicyStep>;

/** After the last step the whole round repeats until somebody acknowledges, at most `rounds` times. */
export const Policy = z.strictObject({
  steps: z.array(PolicyStep).min(1).max(10),
  repeatAfterSeconds: z.int().min(10).max(86_400),
  rounds: z.int().min(1).max(50),
});
export type Policy = z.infer<typeof Policy>;

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day is written 08:00');
/** By the clocks of the care team. `to` before `from` is on the next day. */
export const QuietHours = z.strictObject({ from: TimeOfDay, to: TimeOfDay });
export type QuietHours = z.infer<typeof QuietHours>;

/** Of a care team. Null: nobody is called, the alert stands in the worklist. What begins in quiet hours waits for their end, unless it is urgent or critical. */
export const Policies = z.strictObject({
  critical: Policy,
  urgent: Policy.nullable(),
  routine: Policy.nullable(),
  quietHours: QuietHours.nullable(),
});
export type Policies = z.infer<typeof Policies>;

/** Calls those at these places on the rota, by every channel. */
export const onCallStep = (afterSeconds: number, ...places: number[]): PolicyStep => ({
  afterSeconds,
  targets: places.map((place) => ({ kind: 'on-call', place })),
  channels: null,
});

/** What a team begins with: an urgent alert calls the first step twice, an hour apart; a routine one waits in the worklist. */
export const policiesFor = (critical: Policy): Policies => ({
  critical,
  urgent: { steps: critical.steps.slice(0, 1), repeatAfterSeconds: 3_600, rounds: 2 },
  routine: null,
  quietHours: { from: '21:00', to: '07:00' },
});

const targetsOf = ({ critical, urgent, routine }: Policies): Target[] =>
  [critical, urgent, routine].flatMap((policy) => policy?.steps.flatMap((step) => step.targets) ?? []);

/** The places on the rota that some policy calls, ascending. */
export const placesCalled = (policies: Policies): number[] =>
  [...new Set(targetsOf(policies).flatMap((target) => (target.kind === 'on-call' ? [target.place] : [])))].sort(
    (a, b) => a - b,
  );

/** Whom some policy calls by name. */
export const peopleNamed = (policies: Policies): ClinicianId[] => [
  ...new Set(targetsOf(policies).flatMap((target) => (target.kind === 'person' ? [target.clinician] : []))),
];

/** What an alert carries: the policy as of its opening, and the hours in which it calls nobody. */
export const Escalation = z.object({
  steps: z.array(PolicyStep).min(1),
  repeatAfterSeconds: z.int().min(10),
  rounds: z.int().min(1).max(50),
  quiet: QuietHours.extend({ timeZone: z.string() }).nullable(),
});
export type Escalation = z.infer<typeof Escalation>;

/** For an alert that opens now. The first step begins at once; null when alerts so grave call nobody. */
export function freezeEscalation(policies: Policies, severity: Severity, timeZone: string): Escalation | null {
  const policy = policies[severity];
  if (!policy) return null;
  const steps = policy.steps.toSorted((a, b) => a.afterSeconds - b.afterSeconds);
  const begin = steps[0]?.afterSeconds ?? 0;
  return {
    steps: steps.map((step) => ({ ...step, afterSeconds: step.afterSeconds - begin })),
    repeatAfterSeconds: policy.repeatAfterSeconds,
    rounds: policy.rounds,
    quiet: severity === 'routine' && policies.quietHours ? { ...policies.quietHours, timeZone } : null,
  };
}

/** Of one care team at one moment, without those who may not be called. `members`: doctors before nurses. */
export type Callable = {
  onCall: ReadonlyMap<number, ClinicianId>;
  members: readonly { id: ClinicianId; role: Role }[];
};

/** Nobody twice. */
export const whomToCall = (targets: readonly Target[], team: Callable): ClinicianId[] => [
  ...new Set(targets.flatMap((target) => peopleOf(target, team))),
];

function peopleOf(target: Target, { onCall, members }: Callable): ClinicianId[] {
  if (target.kind === 'role') return members.filter(({ role }) => role === target.role).map(({ id }) => id);
  const person = target.kind === 'person' ? target.clinician : onCall.get(target.place);
  return members.some(({ id }) => id === person) && person ? [person] : [];
}

export type CallDue =
  | { kind: 'call'; nth: number; recipients: ClinicianId[]; channels: readonly string[] | null; everybody: boolean }
  /** Whoever could be called in this round has been: the next round begins with the step `nth`. */
  | { kind: 'round-over'; nth: number }
  | { kind: 'over' };

/**
 * What begins when the step `nth` is due. A step that has nobody gives way to the next one of its round at once; when no step of the
 * policy has anybody, a gap in the rota must not silence an alert: then everybody of the team is called, once in a round.
 */
export function callDue(escalation: Escalation, nth: number, team: Callable): CallDue {
  const { steps, rounds } = escalation;
  const round = Math.floor(nth / steps.length);
  if (round >= rounds) return { kind: 'over' };
  const people = steps.map((step) => whomToCall(step.targets, team));
  const next = (round + 1) * steps.length;
  for (let n = nth; n < next; n++) {
    const recipients = people[n % steps.length] ?? [];
    const channels = steps[n % steps.length]?.channels ?? null;
    if (recipients.length > 0) return { kind: 'call', nth: n, recipients, channels, everybody: false };
  }
  if (people.some((some) => some.length > 0)) return { kind: 'round-over', nth: next };
  const recipients = team.members.filter(({ role }) => role !== 'administrator').map(({ id }) => id);
  return { kind: 'call', nth: next - 1, recipients, channels: null, everybody: true };
}

/** How long after the beginning of `step` the next one begins, ms; undefined when none follows. */
export function waitAfter(escalation: Escalation, step: number): number | undefined {
  if (step + 1 >= escalation.steps.length * escalation.rounds) return undefined;
  if (startsRound(escalation, step + 1)) return escalation.repeatAfterSeconds * 1000;
  const at = (n: number) => escalation.steps[n % escalation.steps.length]?.afterSeconds ?? 0;
  return Math.max(0, at(step + 1) - at(step)) * 1000;
}

/** A new round always waits: with every channel away, the rounds would else be used up in a moment. */
export const startsRound = (escalation: Escalation, step: number): boolean => step % escalation.steps.length === 0;

const minuteMs = 60_000;

/** When the quiet hours end in which `at` lies, both ms since 1970; undefined when nobody sleeps. */
export function quietUntil({ quiet }: Pick<Escalation, 'quiet'>, at: number): number | undefined {
  if (!quiet || quiet.from === quiet.to) return undefined;
  const [clock, from, to] = [wallClockOf(quiet.timeZone), minuteOf(quiet.from), minuteOf(quiet.to)];
  const sleeping = (moment: number): boolean => {
    const { minute } = clock.shows(moment);
    return from < to ? from <= minute && minute < to : from <= minute || minute < to;
  };
  if (!sleeping(at)) return undefined;
  let minute = Math.floor(at / minuteMs) + 1;
  while (sleeping(minute * minuteMs)) minute++;
  return minute * minuteMs;
}

/** `at`: ms since 1970. `everybody`: because no step has anybody. */
export type PlannedCall = {
  at: number;
  nth: number;
  recipients: ClinicianId[];
  channels: readonly string[] | null;
  everybody: boolean;
};

/** Whom an alert that opens at `at` would call when, if nobody acknowledged and every page got through. At most `limit` calls. */
export function plannedCalls(
  escalation: Escalation,
  at: number,
  callableAt: (at: number) => Callable,
  limit: number,
): PlannedCall[] {
  const calls: PlannedCall[] = [];
  let [nth, due] = [0, at];
  while (calls.length < limit) {
    due = quietUntil(escalation, due) ?? due;
    const next = callDue(escalation, nth, callableAt(due));
    if (next.kind === 'over') break;
    if (next.kind === 'round-over') {
      nth = next.nth;
      due += escalation.repeatAfterSeconds * 1000;
      continue;
    }
    const { kind: _, ...call } = next;
    calls.push({ at: due, ...call });
    nth = call.nth + 1;
    due += waitAfter(escalation, call.nth) ?? 0;
  }
  return calls;
}
