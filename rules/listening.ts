import type { PatientId } from '#domain/ids.ts';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { type HomeDevice, homesOf, sourcesHeard, wasDeaf } from '#runtime/records/silence.ts';
import type { Health } from '#runtime/service.ts';
import { overdueOf } from './expecting.ts';
import type { Histories } from './histories.ts';
import type { KnownPatients } from './known-patients.ts';
import type { Silence } from './rule.ts';
import { whoIsSilent } from './silence.ts';
import { type Matter, ofTime } from './weigh.ts';

type Deps = {
  records: Records;
  histories: Histories;
  patients: KnownPatients;
  clock: Clock;
  log: Log;
  consider(matters: readonly Matter[]): Promise<void>;
};

/**
 * Tells the rules on adherence and absence that time passes, and whose silence it is where something expected has not come. Goes round all patients
 * whose past is there; of homes it asks PostgreSQL only where something is overdue, and of so many at most in a round.
 */
export function createListening(
  deps: Deps,
  config: { everyMs?: number; settleMs?: number } = {},
): { start(): void; stop(): Promise<void>; health(): Health } {
  const { records, histories, patients, clock, log } = deps;
  const { everyMs = usualEveryMs, settleMs = usualSettleMs } = config;
  const ending = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let unheard: { known: number; online: number } | undefined;
  let failed = false;
  /** Whom the last round did not come to. */
  let left: PatientId[] = [];

  async function run(): Promise<void> {
    // homes that come back after a start send first what they kept
    await clock.sleep(settleMs, ending.signal);
    while (!ending.signal.aborted) {
      try {
        await round(clock.now());
        failed = false;
      } catch (fault) {
        if (!failed && !ending.signal.aborted) log.warn('nobody can tell who is silent', faultDetails(fault));
        failed = true;
      }
      await clock.sleep(everyMs, ending.signal);
    }
  }

  async function round(now: number): Promise<void> {
    const heard = await sourcesHeard(records, now - livelyMs);
    unheard = heard.known >= sourcesAtLeast && heard.online < heard.known * leastShare ? heard : undefined;
    const platformTroubled = unheard !== undefined || (await wasDeaf(records, now - recoveringMs));
    if (left.length === 0) left = histories.whole();
    let asked = 0;
    while (left.length > 0 && asked < homesPerRound && !ending.signal.aborted) {
      const known = await patients.of(left.slice(0, atOnce));
      left = left.slice(atOnce);
      asked += await tick([...known.values()], platformTroubled, now);
    }
  }

  /** Answers how many homes were asked about. */
  async function tick(some: readonly JudgedPatient[], platformTroubled: boolean, now: number): Promise<number> {
    const silent = new Map<PatientId, ReturnType<typeof overdue>>();
    for (const patient of some) {
      const of = overdue(patient, now);
      if (of.size > 0) silent.set(patient.patient, of);
    }
    const homes: Map<PatientId, HomeDevice[]> =
      silent.size > 0 && !platformTroubled ? await homesOf(records, [...silent.keys()], now) : new Map();
    const matters = some.flatMap((patient): Matter[] => {
      const of = silent.get(patient.patient);
      if (!of && patient.plan.expected.length === 0) return [];
      const facts = { devices: homes.get(patient.patient) ?? [], platformTroubled };
      const silences = new Map<string, Silence>();
      for (const [rule, { panels, lastAt }] of of ?? []) {
        const silence = whoIsSilent(facts, panels, lastAt, now);
        if (silence) silences.set(rule, silence);
      }
      const isOfPatient = [...(of?.keys() ?? [])].every((rule) => silences.get(rule) === 'patient');
      const isHeard = !platformTroubled && isOfPatient;
      return [{ kind: 'tick', patient: patient.patient, silences, isHeard }];
    });
    await deps.consider(matters);
    return homes.size;
  }

  function overdue(patient: JudgedPatient, now: number): Map<string, { panels: HomeDevice['panels']; lastAt: number }> {
    const of = new Map<string, { panels: HomeDevice['panels']; lastAt: number }>();
    for (const rule of ofTime) {
      if (rule.judging.kind !== 'absence') continue;
      const found = overdueOf(patient, histories.of(patient.patient), rule, now);
      if (found) of.set(rule.rule, found);
    }
    return of;
  }

  return {
    start() {
      running = run().catch(() => {});
    },
    async stop() {
      ending.abort(new Error('rules stop'));
      await running;
    },
    health(): Health {
      if (!unheard) return { state: 'ok' };
      const { known, online } = unheard;
      return { state: 'degraded', trouble: 'homes-unheard', detail: `${online} of ${known} sources are online` };
    },
  };
}

// engineering defaults
const usualEveryMs = 5 * 60_000;
const usualSettleMs = 30 * 60_000;
/** A source that was not there for so long is no sign of how we hear. */
const livelyMs = 7 * 24 * 3_600_000;
/** Of so few, most may well be away at once. */
const sourcesAtLeast = 5;
const leastShare = 0.25;
/** When we hear again, homes need so long to bring what they kept. */
const recoveringMs = 3_600_000;
const atOnce = 500;
const homesPerRound = 5_000;
