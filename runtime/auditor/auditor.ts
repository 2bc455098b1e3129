import { instant, within } from '../clock.ts';
import { faultDetails } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Health, Service } from '../service.ts';
import type { VitalsStore } from '../vitals-store.ts';
import type { FlightConfig, FlightDeps } from './flight.ts';
import { type Flight, fly, legs, putAway } from './flight.ts';
import type { Heartbeat } from './heartbeat.ts';
import {
  type CanaryStanding,
  type Findings,
  findingNames,
  findingsOf,
  healthsOf,
  mayBeat,
  usualGraceMs,
} from './lateness.ts';
import { look } from './look.ts';
import { settleCanary } from './settle.ts';
import { tidyUp } from './tidy.ts';

/**
 * Looks every minute whether anybody is being let down, sends a canary through everything, and only when both are well tells somebody
 * outside. It shares nothing with those it watches but the stores, and best has a process of its own: when that dies, the others say so,
 * and outside nothing is heard any more.
 */
export interface Auditor extends Service {
  /** Components beside its own. */
  canary(): Health;
  heartbeat(): Health;
  /** What is late, by the component under which it is told: a sign for the overseer. */
  findings(): Record<string, Health>;
}

export const lookEveryMs = 60_000;
/** Longer than a start takes, and than a page by the canary's channel ever waits. */
const usualWithinMs = 60_000;
const usualFirstAfterMs = 20_000;
/** When one was lost, the next one flies sooner: one is an accident, two are a trouble. */
const againAfterMs = 60_000;
const lookWithinMs = 20_000;

type Deps = Omit<FlightDeps, 'store'> & {
  store: Pick<VitalsStore, 'read' | 'erase'>;
  /** Undefined: nobody outside watches. */
  watcher?: Heartbeat | undefined;
  metrics: Metrics;
};

/** `canary` undefined: it was switched off. Times are ms; the usual ones unless they stand here. */
type AuditorConfig = {
  canary?: (Omit<FlightConfig, 'withinMs'> & { everyMs: number; withinMs?: number; firstAfterMs?: number }) | undefined;
  everyMs?: number;
  graceMs?: number;
};

export function createAuditor(deps: Deps, config: AuditorConfig): Auditor {
  const { records, clock, metrics, watcher } = deps;
  const log = deps.log.child({ service: 'auditor' });
  const { everyMs = lookEveryMs, graceMs = usualGraceMs } = config;
  const withinMs = config.canary?.withinMs ?? usualWithinMs;
  const freshMs = (config.canary?.everyMs ?? 0) + withinMs + 2 * everyMs;
  const ending = new AbortController();
  let loops: Promise<unknown> = Promise.resolve();
  let findings: Findings | undefined;
  let lookedAt: number | undefined;
  let flown: { flight: Flight; endedAt: number } | undefined;
  let beaten: 'not-yet' | 'withheld' | 'beaten' | { fault: string } = 'not-yet';

  const lookOnce = async (): Promise<void> => {
    try {
      const now = clock.now();
      const facts = await within(clock, lookWithinMs, look(records, now, graceMs), () => new Error('no answer'));
      findings = findingsOf(facts, now, graceMs);
      for (const what of findingNames) metrics.auditFindings.set({ what }, findings[what]);
    } catch (fault) {
      if (findings) log.warn('the auditor cannot look', faultDetails(fault));
      findings = undefined;
    }
    lookedAt = clock.elapsed();
  };

  const beat = async (): Promise<void> => {
    if (!watcher) return;
    if (!mayBeat(findings, canaryStanding(), freshMs)) beaten = 'withheld';
    else {
      const beat = await watcher.beat(ending.signal);
      if (ending.signal.aborted) return;
      if (!beat.ok) log.warn('the heartbeat did not get through', { fault: beat.fault });
      beaten = beat.ok ? 'beaten' : { fault: beat.fault };
    }
    metrics.heartbeats.inc({ outcome: typeof beaten === 'string' ? beaten : 'failed' });
  };

  const canaryStanding = (): CanaryStanding => {
    if (!config.canary) return 'off';
    if (!flown) return 'not-yet';
    return { isHome: flown.flight.missing === undefined, agoMs: clock.elapsed() - flown.endedAt };
  };

  const lookAgainAndAgain = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await lookOnce();
      await beat();
      await clock.sleep(everyMs, ending.signal);
    }
  };

  const flyAgainAndAgain = async (canary: NonNullable<AuditorConfig['canary']>): Promise<void> => {
    await clock.sleep(canary.firstAfterMs ?? usualFirstAfterMs, ending.signal);
    while (!ending.signal.aborted) {
      const flight = await flyOnce({ ...canary, withinMs });
      if (ending.signal.aborted) return;
      flown = { flight, endedAt: clock.elapsed() };
      for (const leg of legs) metrics.canaryLegSeconds.set({ leg }, (flight.ms[leg] ?? Number.NaN) / 1_000);
      metrics.canaryFlights.inc({ outcome: flight.missing ?? 'home' });
      if (flight.missing) log.error('a canary is lost', { missing: flight.missing });
      else await tidyUp(deps, clock.now()).catch((fault) => log.debug('the canary left a mess', faultDetails(fault)));
      const nextMs = flight.missing ? Math.min(againAfterMs, canary.everyMs) : canary.everyMs;
      await clock.sleep(nextMs, ending.signal);
    }
  };

  const flyOnce = async (canary: FlightConfig): Promise<Flight> => {
    try {
      const at = instant(clock.now());
      const prepared = settleCanary(records, canary.token, at).then(() => putAway(records, at));
      await within(clock, lookWithinMs, prepared, () => new Error('no answer'));
      return await fly({ ...deps, log }, canary, ending.signal);
    } catch (fault) {
      log.debug('a canary could not be prepared', faultDetails(fault));
      return { missing: legs[0], ms: {} };
    }
  };

  return {
    name: 'auditor',
    async start() {
      const { canary } = config;
      loops = Promise.allSettled([lookAgainAndAgain(), canary ? flyAgainAndAgain(canary) : undefined]);
    },
    async stop() {
      ending.abort(new Error('the auditor stops'));
      await loops;
    },
    health() {
      if (lookedAt === undefined) return { state: 'ok', detail: 'has not looked yet' };
      if (clock.elapsed() - lookedAt > 3 * everyMs + lookWithinMs)
        return { state: 'degraded', trouble: 'auditor-blind', detail: 'it hangs' };
      if (!findings) return { state: 'degraded', trouble: 'auditor-blind', detail: 'PostgreSQL does not answer it' };
      return { state: 'ok' };
    },
    canary() {
      if (!config.canary) return { state: 'ok', detail: 'switched off by CANARY_SECONDS' };
      if (!flown) return { state: 'ok', detail: 'has not flown yet' };
      const { missing, ms } = flown.flight;
      const times = legs.flatMap((leg) => (ms[leg] === undefined ? [] : [`${leg} ${ms[leg]} ms`])).join(', ');
      return missing
        ? { state: 'degraded', trouble: 'canary-lost', detail: `not ${missing}${times && `; ${times}`}` }
        : { state: 'ok', detail: times };
    },
    heartbeat() {
      if (!watcher) return { state: 'ok', detail: 'nobody outside watches: HEARTBEAT_URL is not set' };
      if (typeof beaten === 'object') return { state: 'degraded', trouble: 'heartbeat-fails', detail: beaten.fault };
      return { state: 'ok', detail: beaten };
    },
    findings: () => (findings ? healthsOf(findings) : {}),
  };
}
