import { type PlatformTrouble, platformTroubles } from '#domain/platform.ts';
import type { Health } from '../service.ts';

/**
 * When does what components say become an alert, and when is it over? Pure. A trouble opens an alert when it has lasted as long as
 * its entry says, and closes it when the component has not named it for `steadyMs`: what flickers is one alert, not twenty.
 */

export const steadyMs = 60_000;

/** One trouble of one component. `since`: ms since 1970, as an alert tells it; the others are `Clock.elapsed`. */
export type Standing = {
  component: string;
  trouble: PlatformTrouble;
  state: 'degraded' | 'down';
  detail: string | null;
  since: number;
  begunAt: number;
  seenAt: number;
  open: boolean;
};

export type Judged = { standing: Standing[]; opened: Standing[]; closed: Standing[] };

export function judge(
  before: readonly Standing[],
  health: Readonly<Record<string, Health>>,
  now: number,
  elapsed: number,
): Judged {
  const named = Object.entries(health).flatMap(([component, says]) => standingOf(component, says, now, elapsed));
  const known = new Map(before.map((one) => [keyOf(one), one]));
  const seen = named.map((one): Standing => {
    const earlier = known.get(keyOf(one));
    return earlier ? { ...one, since: earlier.since, begunAt: earlier.begunAt, open: earlier.open } : one;
  });
  const opened = seen.filter((one) => !one.open && isDue(one, elapsed));
  const standing = seen.map((one) => (opened.includes(one) ? { ...one, open: true } : one));
  const unseen = before.filter((one) => !named.some((other) => keyOf(other) === keyOf(one)));
  // what had not lasted long enough to be told is forgotten at once
  const lingering = unseen.filter((one) => one.open && elapsed - one.seenAt < steadyMs);
  const closed = unseen.filter((one) => one.open && elapsed - one.seenAt >= steadyMs);
  return { standing: [...standing, ...lingering], opened, closed };
}

/** Of a component that names no trouble: whether it works at all. */
export const troubleOf = ({ state, trouble }: Health): PlatformTrouble | null =>
  trouble ?? { ok: null, degraded: 'limited' as const, down: 'broken' as const }[state];

export const keyOf = ({ component, trouble }: Pick<Standing, 'component' | 'trouble'>): string =>
  `${component} ${trouble}`;

function standingOf(component: string, says: Health, now: number, elapsed: number): Standing[] {
  const trouble = troubleOf(says);
  if (says.state === 'ok' || trouble === null) return [];
  const { state, detail = null } = says;
  return [{ component, trouble, state, detail, since: now, begunAt: elapsed, seenAt: elapsed, open: false }];
}

function isDue({ trouble, begunAt }: Standing, elapsed: number): boolean {
  const { opensAfterMs } = platformTroubles[trouble];
  return opensAfterMs !== null && elapsed - begunAt >= opensAfterMs;
}
