import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, newAlert, severities } from '#domain/alert.ts';
import { type AlertChange, change } from '#domain/alert-change.ts';
import { AlertId } from '#domain/ids.ts';
import {
  changeOf,
  type Decision,
  decide,
  openingOf,
  reopensWithinHours,
  type Speaker,
  type Speaking,
} from '../../rules/decide.ts';
import { alertOf, escalation, evidenceAt, hour, iso, minute, people, start, words } from '../support/alerts.ts';

/** What becomes of what rules find, and of what people do between: nothing is swallowed, and nobody is called for nothing. */

const speaker = (rule: string, pages: boolean): Speaker => ({
  rule: { rule, problem: 'trouble', version: 1, title: words, pages },
  parameters: {},
});
const rules = {
  severe: { ...speaker('severe', true), severity: 'critical' },
  mild: { ...speaker('mild', true), severity: 'urgent' },
  trend: { ...speaker('trend', false), severity: 'routine' },
} as const;
type Name = keyof typeof rules;

type Found = { kind: 'found'; rule: Name; effect: 'raise' | 'clear' | 'beyond' | 'near' | 'within' };
type Done = { kind: 'done'; act: 'acknowledge' | 'snooze' | 'resolve' | 'false-alarm' };
/** `minutes` after what happened before. */
type Happening = { minutes: number } & (Found | Done);

const happening: fc.Arbitrary<Happening> = fc.record({ minutes: fc.integer({ min: 1, max: 400 }) }).chain((gap) =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .record({
          kind: fc.constant('found' as const),
          rule: fc.constantFrom<Name>('severe', 'mild', 'trend'),
          effect: fc.constantFrom(
            'raise' as const,
            'raise' as const,
            'clear' as const,
            'beyond' as const,
            'near' as const,
            'within' as const,
          ),
        })
        .map((found) => ({ ...gap, ...found })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('acknowledge' as const, 'snooze' as const, 'resolve' as const, 'false-alarm' as const)
        .map((act) => ({ ...gap, kind: 'done' as const, act })),
    },
  ),
);

const effectOf = ({ rule, effect }: Found, ms: number): Speaking => {
  const evidence = [evidenceAt(ms)];
  if (effect === 'clear') return { kind: 'clear' };
  if (effect !== 'raise') return { kind: 'join', evidence, explanation: null, standing: effect };
  const { severity } = rules[rule];
  const { pages } = rules[rule].rule;
  return { kind: 'raise', severity, ground: 'confirmed', pages, evidence, explanation: words, tasks: [] };
};

const changeBy = (act: Done['act'], ms: number): AlertChange => {
  const who = { by: people[0]!, note: null, at: iso(ms) };
  if (act === 'acknowledge') return { kind: 'acknowledge', ...who };
  if (act === 'snooze') return { kind: 'snooze', until: iso(ms + 60 * minute), ...who };
  return { kind: 'resolve', outcome: act === 'resolve' ? 'treated' : 'false-alarm', ...who };
};

type Step = {
  ms: number;
  effect: Speaking;
  rule: Name;
  before: Alert | undefined;
  pending: boolean;
  decision: Decision;
  after: Alert | undefined;
};

/** A platform in small: the alert of one problem, and a clock by which a round of calls takes half an hour. */
function play(story: readonly Happening[]): Step[] {
  const steps: Step[] = [];
  let alert: Alert | undefined;
  let [ms, callsUntil, ids] = [0, -1, 0];
  const apply = (event: AlertChange): boolean => {
    const result = alert ? change(alert, event) : { refused: 'none' };
    if ('alert' in result) alert = result.alert;
    return 'alert' in result;
  };
  for (const one of story) {
    ms += one.minutes * minute;
    if (alert?.snooze && Date.parse(alert.snooze.until) <= start + ms)
      apply({ kind: 'wake', why: 'time', at: iso(ms) });
    if (one.kind === 'done') {
      apply(changeBy(one.act, ms));
      continue;
    }
    const effect = effectOf(one, ms);
    const by: Speaker = rules[one.rule];
    const pending = alert?.state === 'open' && ms < callsUntil;
    const before = alert;
    const decision = decide(by, effect, alert, { now: start + ms, callPending: pending });
    const whom = 'calls' in decision && decision.calls ? escalation : null;
    if (decision.kind === 'open' && effect.kind === 'raise') {
      const id = AlertId.parse(`00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`);
      alert = newAlert(openingOf(by, effect, { ...alertOf(), id }, whom, iso(ms)));
    } else if (decision.kind !== 'nothing' && decision.kind !== 'open' && alert) {
      expect(apply(changeOf(decision, by, effect, alert, whom, iso(ms))), `${decision.kind} is accepted`).toBe(true);
    }
    if (whom) callsUntil = ms + 30 * minute;
    steps.push({ ms, effect, rule: one.rule, before, pending, decision, after: alert });
  }
  return steps;
}

const always = (law: (step: Step) => void) =>
  fc.assert(
    fc.property(fc.array(happening, { minLength: 2, maxLength: 30 }), (story) => {
      for (const step of play(story)) law(step);
    }),
    { numRuns: 400 },
  );

const rank = (severity: Alert['severity']) => severities.indexOf(severity);
const calls = ({ decision }: Step) => 'calls' in decision && decision.calls;

describe('a finding that calls', () => {
  it('is swallowed only where somebody has it in hand, asked for quiet, is being called, or less grave than what they know of', () => {
    always((step) => {
      const { effect, before, pending, ms, rule } = step;
      if (effect.kind !== 'raise' || !effect.pages || calls(step)) return;
      if (!before || before.state === 'resolved') throw new Error('nobody was called for a new episode');
      const lessGrave = rank(effect.severity) < rank(before.severity);
      const inHand = before.acknowledgedAt !== null && start + ms - Date.parse(before.acknowledgedAt) < 12 * hour;
      const justCalled = before.acknowledgedAt === null && start + ms - Date.parse(before.raisedAt) < hour;
      const recovered = before.standing[rule] === 'within' && !before.snooze;
      expect(pending || lessGrave || before.snooze !== null || (!recovered && (inHand || justCalled))).toBe(true);
    });
  });

  it('calls nobody again for what they have in hand, unless it is graver or was over', () => {
    always((step) => {
      const { before, effect, ms, rule } = step;
      if (!calls(step) || effect.kind !== 'raise' || before?.state !== 'acknowledged') return;
      const graver = rank(effect.severity) > rank(before.severity);
      const old = start + ms - Date.parse(before.acknowledgedAt ?? '') >= 12 * hour;
      expect(graver || (!before.snooze && (old || before.standing[rule] === 'within'))).toBe(true);
    });
  });

  it('is heard although a snooze that is over was never ended', () => {
    const [by, at, until] = [people[0]!, iso(0), iso(60 * minute)];
    const snooze = { by, at, until, before: 'open' as const };
    const snoozed = alertOf({
      severity: 'critical',
      state: 'acknowledged',
      acknowledgedAt: at,
      acknowledgedBy: by,
      snooze,
    });
    const raise = effectOf({ kind: 'found', rule: 'severe', effect: 'raise' }, 60 * minute);
    const kinds = [59, 60].map(
      (minutes) => decide(rules.severe, raise, snoozed, { now: start + minutes * minute, callPending: false }).kind,
    );
    expect(kinds).toEqual(['join', 'renew']);
  });

  it('begins no second round beside one that still calls, unless it is graver', () => {
    always((step) => {
      const { before, pending, decision } = step;
      if (calls(step) && pending && before?.state === 'open') expect(decision.kind).toBe('worsen');
    });
  });

  it('never calls as if it were as grave as the episode once was', () => {
    always((step) => {
      if (calls(step) && step.effect.kind === 'raise') expect(step.after?.severity).toBe(step.effect.severity);
    });
  });
});

describe('an episode', () => {
  it('is over by itself only when it is routine and no rule is beyond its limit', () => {
    always(({ decision, before, after, rule }) => {
      if (decision.kind !== 'clear') return;
      expect([before?.severity, after?.state, after?.outcome]).toEqual(['routine', 'resolved', 'recovered']);
      for (const [other, standing] of Object.entries(before?.standing ?? {}))
        if (other !== rule) expect(standing).toBe('within');
    });
  });

  it(`comes back within ${reopensWithinHours} hours after it was resolved, unless it was a false alarm; else there is a new one`, () => {
    always(({ decision, effect, before, ms, after }) => {
      if (before?.state !== 'resolved' || effect.kind !== 'raise') return;
      const recent = start + ms - Date.parse(before.resolvedAt ?? '') <= reopensWithinHours * hour;
      expect(decision.kind).toBe(recent && before.outcome !== 'false-alarm' ? 'reopen' : 'open');
      expect(after?.id === before.id).toBe(decision.kind === 'reopen');
      expect(after).toMatchObject({ state: 'open', severity: effect.severity, resolvedAt: null, outcome: null });
    });
  });

  it('comes back for as long as the rule says', () => {
    const before = alertOf({ state: 'resolved', resolvedAt: iso(0), resolvedBy: people[0]!, outcome: 'treated' });
    const raise = effectOf({ kind: 'found', rule: 'severe', effect: 'raise' }, 50 * hour);
    const by = (hours: number) => ({ ...rules.severe, parameters: { 'reopen-within-hours': hours } });
    const outcomeOf = (hours: number) =>
      decide(by(hours), raise, before, { now: start + 50 * hour, callPending: false }).kind;
    expect([49, 50, 0].map(outcomeOf)).toEqual(['open', 'reopen', 'open']);
  });

  it('that the platform put away for another reason than a recovery does not come back', () => {
    const away = alertOf({ state: 'resolved', resolvedAt: iso(0), outcome: 'other' });
    const raise = effectOf({ kind: 'found', rule: 'severe', effect: 'raise' }, hour);
    const kindOf = (alert: Alert) => decide(rules.severe, raise, alert, { now: start + hour, callPending: false }).kind;
    expect([kindOf(away), kindOf({ ...away, outcome: 'recovered' })]).toEqual(['open', 'reopen']);
  });

  it('is told nothing by readings it has, and by rules that find nothing of it', () => {
    always(({ decision, effect, before }) => {
      if (effect.kind !== 'raise' && (!before || before.state === 'resolved'))
        expect(decision).toEqual({ kind: 'nothing' });
    });
    const again: Speaking = { kind: 'join', evidence: [evidenceAt(0)], explanation: null, standing: 'beyond' };
    expect(decide(rules.severe, again, alertOf(), { now: start, callPending: false })).toEqual({ kind: 'nothing' });
  });

  it('does not forget by one value alone that a trouble that calls had gone', () => {
    const gone = alertOf({ severity: 'critical', standing: { severe: 'within' }, recoveredAt: iso(0) });
    const one: Speaking = { kind: 'join', evidence: [evidenceAt(minute)], explanation: null, standing: 'beyond' };
    const at = { now: start + minute, callPending: false };
    const decision = decide(rules.severe, one, gone, at);
    expect(decision.kind).toBe('join');
    const after = change(gone, changeOf(decision as never, rules.severe, one, gone, null, iso(minute)));
    expect('alert' in after && after.alert.standing).toEqual({ severe: 'within' });
    const confirmed = effectOf({ kind: 'found', rule: 'severe', effect: 'raise' }, 2 * minute);
    expect(decide(rules.severe, confirmed, gone, at)).toEqual({ kind: 'renew', calls: true });
  });
});
