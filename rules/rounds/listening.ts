import type { PatientId } from '#domain/ids.ts';
import { panels } from '#domain/vitals.ts';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { type Past, pastsOf } from '#runtime/records/pasts.ts';
import { homesOf, sourcesHeard, wasDeaf } from '#runtime/records/silence.ts';
import type { Health } from '#runtime/service.ts';
import type { Histories } from '../history/histories.ts';
import type { KnownPatients } from '../history/known-patients.ts';
import type { Silence } from '../rule.ts';
import { type Matter, ofTime } from '../weigh.ts';
import { type Overdue, overdueOf } from './expecting.ts';
import { type HomeFacts, whoIsSilent } from './silence.ts';

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
      const some = left.slice(-atOnce);
      const known = await patients.of(some);
      for (const patient of some) if (!known.has(patient)) histories.forget(patient);
      left.length -= some.length;
      asked += await tick([...known.values()], platformTroubled, now);
    }
  }

  /** Answers how many homes were asked about. */
  async function tick(some: readonly JudgedPatient[], platformTroubled: boolean, now: number): Promise<number> {
    const silent = new Map<PatientId, Map<string, Overdue[]>>();
    for (const patient of some)
      try {
        silent.set(patient.patient, overdue(patient, now));
      } catch (fault) {
        // one patient's faulty plan silences no other's
        log.error('nobody can tell whether a patient is silent', { patient: patient.patient, ...faultDetails(fault) });
      }
    const asked = [...silent].flatMap(([patient, of]) => (of.size > 0 ? [patient] : []));
    const [homes, pasts] = await Promise.all([homesOf(records, asked, now), pastsOf(records, asked)]);
    const recorded = new Map(pasts.map(({ patient, lastTakenAt }) => [patient, lastTakenAt]));
    const matters = some.flatMap(({ patient, plan }): Matter[] => {
      const of = silent.get(patient);
      if (!of || (of.size === 0 && plan.expected.length === 0)) return [];
      const facts = { devices: homes.get(patient) ?? [], platformTroubled };
      const silences = new Map<string, Silence>();
      for (const [rule, missing] of of) {
        const silence = silenceOf(facts, missing, recorded.get(patient), now);
        if (silence) silences.set(rule, silence);
      }
      const isOfPatient = [...of.keys()].every((rule) => silences.get(rule) === 'patient');
      return [{ kind: 'tick', patient, silences, isHeard: !platformTroubled && isOfPatient }];
    });
    await deps.consider(matters);
    return asked.length;
  }

  /** By the name of the rule that is about it. */
  function overdue(patient: JudgedPatient, now: number): Map<string, Overdue[]> {
    const of = new Map<string, Overdue[]>();
    for (const rule of ofTime) {
      if (rule.judging.kind !== 'absence') continue;
      const found = overdueOf(patient, histories.of(patient.patient), rule, now);
      if (found.length > 0) of.set(rule.rule, found);
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

/** What another process has heard, whose shard it came by, is not missing: the records hold the latest of all. */
function silenceOf(
  facts: HomeFacts,
  overdue: readonly Overdue[],
  recorded: Past['lastTakenAt'] | undefined,
  now: number,
): Silence | null {
  const isMissing = ({ panel, lastAt }: Overdue) =>
    panels[panel].required.every((vital) => (recorded?.get(vital) ?? 0) <= lastAt);
  const missing = overdue.filter(isMissing);
  if (missing.length === 0) return null;
  const lastAt = Math.max(...missing.map((one) => one.lastAt));
  return whoIsSilent(
    facts,
    missing.map(({ panel }) => panel),
    lastAt,
    now,
  );
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
