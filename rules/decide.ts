import { type Alert, hasGrownOld, type Opening, type Standing, severities } from '#domain/alert.ts';
import type { AlertChange } from '#domain/alert-change.ts';
import type { Effect, Rule } from './rule.ts';

/**
 * What becomes of an effect, given the alert of its problem. Pure, and the same for the judge and for the backtest, so that a forecast
 * counts the very pages that would be sent.
 */

/** `calls`: somebody is to be called for it, whom the policy of the team says. */
export type Decision =
  | { kind: 'open'; calls: boolean }
  | { kind: 'worsen' | 'renew' | 'reopen'; calls: boolean }
  /** Further readings, or how the trouble of the rule stands now. */
  | { kind: 'join' }
  /** A routine episode is over by itself. */
  | { kind: 'clear' }
  | { kind: 'nothing' };

/** What of an effect speaks of an episode; the others ask the home or the clock. */
export type Speaking = Extract<Effect, { kind: 'raise' | 'join' | 'clear' }>;

/** The rule, and the parameters in force. */
export type Speaker = {
  rule: Pick<Rule, 'rule' | 'problem' | 'version' | 'title' | 'pages'>;
  parameters: Alert['parameters'];
};

/** A rule may set it: its parameter `reopen-within-hours`. */
export const reopensWithinHours = 24;

/** For how long after it was resolved an alert comes back instead of a new one opening, ms. */
export const reopensWithinMs = ({ parameters }: Speaker): number =>
  3_600_000 * (parameters['reopen-within-hours'] ?? reopensWithinHours);

/**
 * @param alert the unresolved one of this patient and problem; else the one resolved last, if any.
 * @param callPending a call of the alert is still to come: it needs no second round beside the first.
 * @param now ms since 1970.
 */
export function decide(
  speaker: Speaker,
  effect: Speaking,
  alert: Alert | undefined,
  { now, callPending }: { now: number; callPending: boolean },
): Decision {
  if (effect.kind === 'raise') return onRaise(speaker, effect, alert, now, callPending);
  if (!alert || alert.state === 'resolved') return { kind: 'nothing' };
  if (effect.kind === 'clear')
    return alert.severity === 'routine' && isAloneBeyond(alert, speaker.rule.rule)
      ? { kind: 'clear' }
      : { kind: 'join' };
  const known = effect.evidence.every((e) => alert.evidence.some((o) => o.reading === e.reading));
  return known && standingAfter(speaker, effect, alert) === null ? { kind: 'nothing' } : { kind: 'join' };
}

function onRaise(
  speaker: Speaker,
  effect: Extract<Speaking, { kind: 'raise' }>,
  alert: Alert | undefined,
  now: number,
  callPending: boolean,
): Decision {
  const calls = effect.pages;
  if (!alert) return { kind: 'open', calls };
  if (alert.state === 'resolved') return { kind: comesBack(alert, speaker, now) ? 'reopen' : 'open', calls };
  const worse = rank(effect) - rank(alert);
  if (worse > 0) return { kind: 'worsen', calls };
  // what is less grave than the episode already was never calls for it as if it were as grave
  if (worse === 0 && calls && !callPending && hasGrownOld(alert, speaker.rule.rule, now))
    return { kind: 'renew', calls };
  return { kind: 'join' };
}

const rank = ({ severity }: Pick<Alert, 'severity'>): number => severities.indexOf(severity);

/** What was a false alarm does not come back, nor what the platform put away for another reason than a recovery. */
function comesBack(alert: Alert, speaker: Speaker, now: number): boolean {
  if (alert.outcome === 'false-alarm' || (alert.resolvedBy === null && alert.outcome !== 'recovered')) return false;
  return alert.resolvedAt !== null && now - Date.parse(alert.resolvedAt) <= reopensWithinMs(speaker);
}

const isAloneBeyond = (alert: Alert, rule: string): boolean =>
  Object.entries(alert.standing).every(([other, standing]) => other === rule || standing === 'within');

/**
 * How the rule's trouble stands after this, null where that is as before. What calls is beyond its limit again only when that was
 * confirmed anew, which is a `raise`: one reading alone must not make an episode forget that the trouble had gone.
 */
function standingAfter({ rule }: Speaker, effect: Speaking, alert: Alert): Standing | null {
  const before = alert.standing[rule.rule];
  const after = effect.kind === 'raise' ? 'beyond' : effect.kind === 'clear' ? 'within' : effect.standing;
  if (after === 'near' || after === before) return null;
  if (effect.kind === 'join' && rule.pages && before === 'within') return null;
  return after;
}

/** @param at RFC 3339. @param escalation whom it calls, null where the decision calls nobody. */
export function openingOf(
  { rule, parameters }: Speaker,
  effect: Extract<Speaking, { kind: 'raise' }>,
  who: Pick<Alert, 'id' | 'patient' | 'team'>,
  escalation: Alert['escalation'],
  at: string,
): Opening {
  const { severity, explanation, evidence } = effect;
  return {
    ...who,
    ...{ rule: rule.rule, problem: rule.problem, ruleVersion: rule.version, parameters, title: rule.title },
    ...{ severity, explanation, evidence, escalation, openedAt: at },
  };
}

/** The change that the decision means, for an alert that there is. @param at RFC 3339. */
export function changeOf(
  { kind }: Exclude<Decision, { kind: 'open' | 'nothing' }>,
  speaker: Speaker,
  effect: Speaking,
  alert: Alert,
  escalation: Alert['escalation'],
  at: string,
): AlertChange {
  if (kind === 'clear') return { kind: 'resolve', by: null, outcome: 'recovered', note: null, at };
  if (kind === 'join' || effect.kind !== 'raise') {
    const { evidence, explanation } = effect.kind === 'clear' ? { evidence: [], explanation: null } : effect;
    return {
      ...{ kind: 'join', rule: speaker.rule.rule, standing: standingAfter(speaker, effect, alert), evidence, at },
      ...(explanation ? { explanation } : {}),
    };
  }
  const { rule, parameters } = speaker;
  const { severity, evidence, explanation } = effect;
  const voice = { rule: rule.rule, ruleVersion: rule.version, parameters, title: rule.title };
  return { kind, voice, severity, evidence, explanation, escalation, at };
}
