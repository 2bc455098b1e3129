import { Outage } from '#domain/errors.ts';
import { PatientId } from '#domain/ids.ts';
import type { Agenda, AgendaEntry } from '#runtime/agenda.ts';
import type { Clock } from '#runtime/clock.ts';
import { createAdmitting } from '#runtime/intake/admitting.ts';
import { unpackQuarantined } from '#runtime/intake/unpack.ts';
import type { Consumption, Journal, JournalEntry } from '#runtime/journal.ts';
import type { Links } from '#runtime/links.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Random } from '#runtime/random.ts';
import { recordsAway } from '#runtime/records/away.ts';
import type { Records } from '#runtime/records/connect.ts';
import { writePageChannels } from '#runtime/records/contact-points.ts';
import { asReleased, findUnjudged, finishReleased } from '#runtime/records/releases.ts';
import { writeRuleBook } from '#runtime/records/rule-book.ts';
import type { KeptMemories } from '#runtime/records/rule-memory.ts';
import type { Health, Service } from '#runtime/service.ts';
import { book } from './book/index.ts';
import type { Channel } from './channels/channel.ts';
import type { History } from './history.ts';
import { byPatient, heardIn, takeIn } from './intake.ts';
import { judge, type Matter } from './judge.ts';
import { createPaging } from './notify.ts';

/**
 * The judge: reads the journal with a cursor of its own, and turns readings into alerts, tasks and pages. It needs PostgreSQL and
 * nothing else; where readings are stored is not its business, so a vitals store that is down silences no alert.
 */
export function createRules(
  deps: {
    journal: Journal;
    records: Records;
    agenda: Agenda;
    channels: readonly Channel[];
    links: Links;
    clock: Clock;
    random: Random;
    log: Log;
    metrics: Metrics;
  },
  config: { publicUrl: string },
): Service {
  const { journal, records, agenda, clock, random, metrics } = deps;
  const log = deps.log.child({ service: 'rules' });
  const paging = createPaging({ ...deps, log }, config);
  const admitting = createAdmitting(records);
  const kept: KeptMemories = new Map();
  const histories = new Map<PatientId, History>();
  const judging = { agenda, paging, random, log, metrics, clock, kept, histories };
  let consumption: Consumption | undefined;
  let away = false;
  /** Judgements that were left out because a rule or its rows were faulty: somebody must look. */
  let unjudged = 0;

  const onBatch = async (entries: JournalEntry[]): Promise<void> => {
    try {
      for await (const heard of takeIn(admitting, entries)) {
        await judgeAll([...heard].map(([patient, readings]) => ({ patient, heard: readings })));
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
   * All of them in one transaction. When that fails for another reason than an outage, the half that holds the faulty one is
   * searched, so that one patient's rows never keep the others from being judged.
   */
  const judgeAll = async (matters: Matter[]): Promise<void> => {
    if (matters.length === 0) return;
    try {
      unjudged += await records.transaction().execute((db) => judge(judging, db, matters));
    } catch (fault) {
      // after a crash PostgreSQL may give the number of a transaction that failed to another one
      kept.clear();
      if (recordsAway(fault) || isContention(fault)) throw outageOf(fault);
      if (matters.length > 1) {
        const half = Math.ceil(matters.length / 2);
        await judgeAll(matters.slice(0, half));
        await judgeAll(matters.slice(half));
        return;
      }
      unjudged++;
      log.error('a patient could not be judged', { patient: matters[0]?.patient, ...faultDetails(fault) });
    }
  };

  const onLapse = async (entry: AgendaEntry): Promise<void> => {
    const [patient = '', rule = ''] = entry.subject.split('/');
    await caughtUp();
    await judgeAll([{ patient: PatientId.parse(patient), lapseOf: rule, at: entry.dueAt }]);
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
    await judgeAll([...heard].map(([patient, readings]) => ({ patient, heard: readings })));
    await finishReleased(records, 'judge', released.key, clock.now());
    agenda.nudge();
  };

  /** A second reading may lie in the journal: what was heard in time must be judged before silence is. Waits a little only. */
  const caughtUp = async (): Promise<void> => {
    const until = clock.now() + patienceMs;
    while (behind() > 0 && clock.now() < until) await clock.sleep(200);
  };
  const behind = (): number => journal.backlog().consumers.find((c) => c.consumer === 'rules')?.behind ?? 0;

  agenda.handle('confirmation-lapse', onLapse);
  agenda.handle('released', onReleased);

  return {
    name: 'rules',
    async start() {
      await writeRuleBook(records, book);
      await writePageChannels(records, deps.channels);
      consumption = journal.consume('rules', { batch: batchEntries }, onBatch);
    },
    stop: async () => consumption?.stop(),
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
      return { state: 'ok' };
    },
  };
}

/** As much as lay ready: the more there is to judge, the more of it shares one transaction. */
const batchEntries = 5_000;
/** How long a lapse waits for the judge to catch up with the journal: shorter than an agenda entry's lease. */
const patienceMs = 10_000;

/** Serialization failure and deadlock (SQLSTATE 40001, 40P01): the same again may succeed. */
const isContention = (fault: unknown): boolean => ['40001', '40P01'].includes((fault as { code?: string }).code ?? '');

const outageOf = (cause: unknown): Outage =>
  new Outage('records-away', 'readings could not be judged', { retry: true, cause });
