import { Outage } from '#domain/errors.ts';
import { PatientId } from '#domain/ids.ts';
import type { Agenda, AgendaEntry } from '#runtime/agenda.ts';
import { type Clock, createPauses } from '#runtime/clock.ts';
import { createAdmitting } from '#runtime/intake/admitting.ts';
import { unpackQuarantined } from '#runtime/intake/unpack.ts';
import type { Consumption, Journal, JournalEntry } from '#runtime/journal.ts';
import type { Links } from '#runtime/links.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Random } from '#runtime/random.ts';
import { recordsAway } from '#runtime/records/away.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { writePageChannels } from '#runtime/records/reachability.ts';
import { asReleased, findUnjudged, finishReleased } from '#runtime/records/releases.ts';
import { writeRuleBook } from '#runtime/records/rule-book.ts';
import type { Health, Service } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { book } from './book/index.ts';
import type { Channel } from './channels/channel.ts';
import { createHistories } from './history/histories.ts';
import { createKnownPatients } from './history/known-patients.ts';
import { createWarmUp, type Progress } from './history/warm-up.ts';
import { byPatient, heardIn, takeIn } from './intake.ts';
import { judge } from './judge.ts';
import { createPaging, type PagingConfig } from './paging/notify.ts';
import { handleSnoozes } from './paging/snooze.ts';
import { createFollowUps } from './rounds/follow-up.ts';
import { createListening } from './rounds/listening.ts';
import { isRemarkable, kept, type Matter, weigh } from './weigh.ts';

/**
 * The judge: reads the journal with a cursor of its own, and turns readings into alerts, tasks and pages. For that it needs PostgreSQL.
 * The store of readings it asks after a start only, for the past on which trends are judged: a store that is down silences no threshold.
 *
 * Like the recorder it may be several, each with shards of its own. A patient's states, alerts and locks stand in PostgreSQL and span them all; what
 * does not is the history: of a patient with sources in two processes' shards each knows live what its own have sent.
 */
export function createRules(
  deps: {
    journal: Journal;
    records: Records;
    /** Read from after a start, and never waited for by whatever can be judged without the past. */
    store: Pick<VitalsStore, 'read'>;
    agenda: Agenda;
    channels: readonly Channel[];
    links: Links;
    clock: Clock;
    random: Random;
    log: Log;
    metrics: Metrics;
  },
  config: PagingConfig & {
    shards?: readonly number[];
    /** How often it is asked who is silent, and how long after a start for the first time. */
    listening?: { everyMs?: number; settleMs?: number };
  },
): Service {
  const { journal, records, agenda, clock, random, metrics } = deps;
  const log = deps.log.child({ service: 'rules' });
  const paging = createPaging({ ...deps, log }, config);
  const followUps = createFollowUps(deps);
  handleSnoozes({ records, agenda, paging, clock });
  const admitting = createAdmitting(records);
  const patients = createKnownPatients(records);
  const histories = createHistories();
  const judging = { agenda, paging, random, log, metrics, clock, histories };
  /** Patients who are judged under a lock at this moment: what is known of them is about to change. */
  const inHand = new Map<PatientId, number>();
  let consumption: Consumption | undefined;
  let away = false;
  /** Judgements that were left out because a rule or its rows were faulty: somebody must look. */
  let unjudged = 0;

  const onBatch = async (entries: JournalEntry[]): Promise<void> => {
    try {
      for await (const heard of takeIn(admitting, entries)) {
        await consider([...heard].map(([patient, readings]) => ({ kind: 'heard', patient, heard: readings })));
        metrics.judged.inc([...heard.values()].reduce((sum, readings) => sum + readings.length, 0));
      }
      away = false;
    } catch (fault) {
      away = true;
      throw fault instanceof Outage ? fault : outageOf(fault);
    }
    agenda.nudge();
  };

  /**
   * Judges by what is known in memory, which nearly always comes to nothing and costs PostgreSQL nothing; what does come to something is judged again
   * under the locks, on what the records hold.
   */
  const consider = async (matters: readonly Matter[]): Promise<void> => {
    if (matters.length === 0) return;
    const known = await patients.of(matters.map(({ patient }) => patient)).catch((fault) => {
      if (recordsAway(fault) || isContention(fault)) throw outageOf(fault);
      return undefined;
    });
    // the rows of one are faulty: whose, is found under the locks
    if (!known) {
      await judgeAll(matters);
      return;
    }
    const remarkable: Matter[] = [];
    const pause = createPauses(clock);
    for (const matter of matters) {
      await pause();
      const { patient } = matter;
      const one = known.get(patient);
      // erased
      if (!one) histories.forget(patient);
      else if (inHand.has(patient) || !patients.stillKnows(one) || comesToSomething(one, matter))
        remarkable.push(matter);
      if (one && matter.kind === 'heard') histories.note(patient, matter.heard);
    }
    await judgeAll(remarkable);
  };
  const comesToSomething = (patient: JudgedPatient, matter: Matter): boolean => {
    try {
      return isRemarkable(weigh(patient, histories.of(patient.patient), matter, clock.now()));
    } catch {
      // weighed again under the lock, where the fault is told
      return true;
    }
  };

  /**
   * All of them in one transaction. When that fails for another reason than an outage, the half that holds the faulty one is
   * searched, so that one patient's rows never keep the others from being judged. Answers how many judgements failed.
   */
  const judgeAll = async (matters: readonly Matter[]): Promise<number> => {
    if (matters.length === 0) return 0;
    const ids = matters.map(({ patient }) => patient);
    for (const patient of ids) inHand.set(patient, (inHand.get(patient) ?? 0) + 1);
    try {
      const failed = await records.transaction().execute((db) => judge(judging, db, matters));
      unjudged += failed;
      patients.drop(ids);
      return failed;
    } catch (fault) {
      // after a crash PostgreSQL may give the number of a transaction that failed to another one
      patients.forget();
      if (recordsAway(fault) || isContention(fault)) throw outageOf(fault);
      if (matters.length > 1) {
        const half = Math.ceil(matters.length / 2);
        return (await judgeAll(matters.slice(0, half))) + (await judgeAll(matters.slice(half)));
      }
      unjudged++;
      log.error('a patient could not be judged', { patient: matters[0]?.patient, ...faultDetails(fault) });
      return 1;
    } finally {
      for (const patient of ids) {
        const left = (inHand.get(patient) ?? 1) - 1;
        if (left > 0) inHand.set(patient, left);
        else inHand.delete(patient);
      }
    }
  };

  const warmUp = createWarmUp(
    { ...deps, log, histories, patients, isRecorded, onRebuilt },
    { kept, shards: config.shards },
  );

  /** Whoever has judged less than was recorded finds in the store all that was judged before. */
  function isRecorded(): boolean {
    return journal.health().state !== 'down' && behind('ingest') <= behind('rules');
  }

  const listening = createListening({ ...deps, log, histories, patients, consider }, config.listening);

  async function onRebuilt(rebuilt: readonly PatientId[]): Promise<void> {
    await consider(rebuilt.map((patient) => ({ kind: 'rebuilt', patient, missed: histories.noted(patient) })));
    histories.forgetNoted(rebuilt);
    agenda.nudge();
  }

  const onLapse = async (entry: AgendaEntry): Promise<void> => {
    const [patient = '', rule = ''] = entry.subject.split('/');
    await caughtUp();
    const failed = await judgeAll([{ kind: 'lapse', patient: PatientId.parse(patient), rule, at: entry.dueAt }]);
    // a dangerous value waits behind it: the agenda tries again, and says so when it gives up
    if (failed > 0) throw new Error('a countdown that is over could not be judged');
    agenda.nudge();
  };

  /** Somebody corrected whose device it is: what lay in quarantine is judged as late, whenever it came. */
  const onReleased = async (entry: AgendaEntry): Promise<void> => {
    const released = await findUnjudged(records, entry.subject);
    if (!released) return;
    const arrivals = unpackQuarantined(released);
    const heard = byPatient(await admitting.admitAll(arrivals), (stored) =>
      heardIn(asReleased(stored), released.releasedAt),
    );
    await consider([...heard].map(([patient, readings]) => ({ kind: 'heard', patient, heard: readings })));
    await finishReleased(records, 'judge', released.key, clock.now());
    agenda.nudge();
  };

  /** A second reading may lie in the journal: what was heard in time must be judged before silence is. Waits a little only. */
  const caughtUp = async (): Promise<void> => {
    const until = clock.now() + patienceMs;
    while (behind('rules') > 0 && clock.now() < until) await clock.sleep(200);
  };
  const behind = (consumer: string): number =>
    journal.backlog().consumers.find((one) => one.consumer === consumer)?.behind ?? 0;

  agenda.handle('confirmation-lapse', onLapse);
  agenda.handle('released', onReleased);

  return {
    name: 'rules',
    async start() {
      await writeRuleBook(records, book);
      await followUps.begin();
      await writePageChannels(records, deps.channels);
      const { shards } = config;
      consumption = journal.consume('rules', { batch: batchEntries, ...(shards ? { shards } : {}) }, onBatch);
      warmUp.start();
      listening.start();
    },
    async stop() {
      await consumption?.stop();
      await listening.stop();
      await warmUp.stop();
    },
    health(): Health {
      if (!consumption) return { state: 'down', trouble: 'not-running', detail: 'not started' };
      if (away)
        return {
          state: 'down',
          trouble: 'judging-waits',
          detail: 'readings wait in the journal until PostgreSQL is back',
        };
      const pages = paging.health();
      if (pages.state !== 'ok') return pages;
      if (unjudged > 0)
        return { state: 'degraded', trouble: 'judging-failed', detail: `${unjudged} judgements failed, see the log` };
      const heard = listening.health();
      return heard.state === 'ok' ? pastHealth(warmUp.progress()) : heard;
    },
  };
}

/** As much as lay ready: the more there is to judge, the more of it shares one transaction. */
const batchEntries = 5_000;
/** How long a lapse waits for the judge to catch up with the journal: shorter than an agenda entry's lease. */
const patienceMs = 10_000;

/** Serialization failure and deadlock (SQLSTATE 40001, 40P01): the same again may succeed. */
const isContention = (fault: unknown): boolean => ['40001', '40P01'].includes((fault as { code?: string }).code ?? '');

function pastHealth({ state, patients, failed }: Progress): Health {
  if (state === 'done' && failed === 0) return { state: 'ok' };
  const detail =
    state === 'done'
      ? `the past of ${failed} patients could not be read, see the log`
      : `the past of ${patients} patients is there, ${state === 'waits' ? 'the store is waited for' : 'more is being read'}`;
  return { state: 'degraded', trouble: 'trends-wait', detail };
}

const outageOf = (cause: unknown): Outage =>
  new Outage('records-away', 'readings could not be judged', { retry: true, cause });
