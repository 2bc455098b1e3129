import type { ReadingId } from '#domain/ids.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Downlink } from '#runtime/downlink.ts';
import type { Consumption, Journal, JournalEntry } from '#runtime/journal.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { readingId } from '#runtime/reading-id.ts';
import type { Records } from '#runtime/records/connect.ts';
import { findRegistrations } from '#runtime/records/devices.ts';
import { isDataFault } from '#runtime/records/faults.ts';
import { findFirstHearings, mayBeReplayed, rememberFirstHearings } from '#runtime/records/first-hearings.ts';
import { type Quarantined, quarantine } from '#runtime/records/quarantine.ts';
import type { Service } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { judge, type Verdict } from './judge.ts';
import { type Harvest, keep } from './keep.ts';
import { createReceipts } from './receipts.ts';
import { type Arrival, unpackAnswer, unpackReadings, unpackStatus } from './unpack.ts';

type Deps = {
  journal: Journal;
  store: VitalsStore;
  records: Records;
  downlink: Downlink;
  clock: Clock;
  log: Log;
  metrics: Metrics;
};

/**
 * The recorder: takes what the broker journalled, decides what may enter and whose it is, stores it, and says so to the source.
 *
 * The order is the promise. A reading is durable in the vitals store, or whole in quarantine, before its receipt leaves, and
 * the receipt leaves before the cursor moves: whoever dies in between does it again, and everything here may be done twice.
 * When the vitals store or PostgreSQL is away, the batch in hand waits and the rest stays in the journal.
 */
export function createIngest(deps: Deps): Service {
  const { journal, store, records, downlink, clock, metrics } = deps;
  const log = deps.log.child({ service: 'ingest' });
  let consumption: Consumption | undefined;
  let fault: string | undefined;
  const ending = new AbortController();

  async function consume(entries: JournalEntry[]): Promise<void> {
    try {
      for (const part of partsOf(entries)) await ingestOrIsolate(part);
      if (fault !== undefined) log.info('readings are recorded again');
      fault = undefined;
    } catch (cause) {
      if (!ending.signal.aborted && fault === undefined) log.warn('readings wait in the journal', faultDetails(cause));
      fault = (cause as { code?: string } | null)?.code ?? 'fault';
      throw cause;
    }
  }

  /** No message may stop the others: one that PostgreSQL refuses against all care taken is found and put aside whole. */
  async function ingestOrIsolate(entries: JournalEntry[]): Promise<void> {
    try {
      await ingest(entries);
    } catch (cause) {
      if (!isDataFault(cause)) throw cause;
      const [first] = entries;
      if (first && entries.length === 1) return putAside(first);
      const middle = entries.length >> 1;
      await ingestOrIsolate(entries.slice(0, middle));
      await ingestOrIsolate(entries.slice(middle));
    }
  }

  async function ingest(entries: JournalEntry[]): Promise<void> {
    const arrivals: Arrival[] = [];
    const statuses: Harvest['statuses'] = new Map();
    const answers: Harvest['answers'] = [];
    for (const entry of entries) {
      const { source, receivedAt: at } = entry;
      if (entry.kind === 'readings') arrivals.push(...unpackReadings(entry));
      if (entry.kind === 'status') {
        const status = unpackStatus(entry);
        if ('said' in status) {
          // a last will holds nothing but that the source is away: what it said before in this batch must not be lost
          const before = status.said.state === 'offline' ? statuses.get(source)?.status : undefined;
          statuses.set(source, { status: { ...before, ...status.said }, at });
        } else arrivals.push(status);
      }
      if (entry.kind === 'answers') {
        const answer = unpackAnswer(entry);
        if ('said' in answer) answers.push({ source, answer: answer.said, at });
        else arrivals.push(answer);
      }
    }

    const receipts = createReceipts(clock);
    const refused: Quarantined[] = [];
    const refuse = (arrival: Arrival, reason: Quarantined['reason'], detail: string) => {
      const { source, receivedAt, refs } = arrival;
      refused.push({ source, receivedAt, reason, detail, ref: refs[0], payload: arrival.payload() });
      for (const ref of refs) receipts.add(source, { ref, outcome: 'quarantined', reason });
    };

    const verdicts = await judgeAll(arrivals);
    const admitted = verdicts.filter((verdict) => verdict.outcome === 'admitted');
    const startedAt = clock.now();
    const unstorable = await store.write(
      admitted.map(({ reading }) => reading),
      ending.signal,
    );
    if (admitted.length > 0) metrics.storeSeconds.observe((clock.now() - startedAt) / 1_000);

    const reasons = new Map(unstorable.map(({ reading, reason }) => [reading, reason]));
    const stored = admitted.filter(({ reading }) => !reasons.has(reading));
    for (const verdict of verdicts) {
      if (verdict.outcome === 'refused') refuse(verdict.arrival, verdict.reason, verdict.detail);
      else if (reasons.has(verdict.reading))
        refuse(verdict.arrival, 'refused-by-store', reasons.get(verdict.reading) ?? '');
      else
        for (const ref of verdict.arrival.refs)
          receipts.add(verdict.arrival.source, { ref, outcome: 'stored', reading: verdict.reading.id });
    }
    const harvest = { stored: stored.map(({ reading }) => reading), refused, statuses, answers };
    for (const what of await keep(records, harvest, clock.now())) metrics.commands.inc({ what });
    for (const { reason } of refused) metrics.readings.inc({ outcome: reason });
    metrics.readings.inc({ outcome: 'stored' }, stored.length);
    receipts.send(downlink);
  }

  /** In the order of arrival, so that of two copies in one batch the first counts. Remembers those that are heard first. */
  async function judgeAll(arrivals: Arrival[]): Promise<Verdict[]> {
    const ids = new Map<Arrival, ReadingId>();
    for (const arrival of arrivals) if ('reading' in arrival) ids.set(arrival, readingId(arrival.reading));
    const readings = arrivals.flatMap((arrival) => ('reading' in arrival ? arrival.reading : []));
    const replayable = arrivals.filter((arrival) => 'reading' in arrival && mayBeReplayed(arrival.reading));
    const [registrations, firsts] = await Promise.all([
      findRegistrations(
        records,
        readings.map(({ device }) => device),
      ),
      findFirstHearings(
        records,
        replayable.map((arrival) => ids.get(arrival) as ReadingId),
      ),
    ]);

    const storedAt = instant(clock.now());
    const heard: Parameters<typeof rememberFirstHearings>[1][number][] = [];
    const verdicts = arrivals.map((arrival) => {
      const id = ids.get(arrival);
      const verdict = judge(
        arrival,
        {
          id,
          registration: 'reading' in arrival ? registrations.get(arrival.reading.device) : undefined,
          first: id && firsts.get(id),
        },
        storedAt,
      );
      if (verdict.outcome === 'admitted' && mayBeReplayed(verdict.reading) && !firsts.has(verdict.reading.id)) {
        const { id: reading, patient, takenAt, clock: quality, heardAt, flags } = verdict.reading;
        const hearing = { patient, takenAt, clock: quality, heardAt, storedAt, flags };
        firsts.set(reading, hearing);
        heard.push({ reading, hearing });
      }
      return verdict;
    });
    await rememberFirstHearings(records, heard);
    return verdicts;
  }

  async function putAside(entry: JournalEntry): Promise<void> {
    const { source, receivedAt, payload } = entry;
    const reason = 'refused-by-store';
    const refs = entry.kind === 'readings' ? unpackReadings(entry).flatMap((arrival) => arrival.refs) : [];
    const detail = 'the records could not take this message';
    await quarantine(records, [{ source, receivedAt, reason, detail, ref: refs[0], payload }]);
    const receipts = createReceipts(clock);
    for (const ref of refs) receipts.add(source, { ref, outcome: 'quarantined', reason });
    receipts.send(downlink);
    metrics.readings.inc({ outcome: reason }, refs.length);
    log.error('a message that PostgreSQL refuses is in quarantine', { source });
  }

  return {
    name: 'ingest',
    async start() {
      consumption = journal.consume('ingest', { batch: entriesPerBatch }, consume);
    },
    async stop() {
      // a batch that waits for a server that is away is given up: it is in the journal
      const cancel = clock.after(graceMs, () => ending.abort(new Error('ingest stops')));
      await consumption?.stop();
      cancel();
      consumption = undefined;
    },
    health() {
      if (!consumption) return { state: 'down', trouble: 'not-running', detail: 'not started' };
      if (fault !== undefined)
        return { state: 'down', trouble: 'recording-waits', detail: `readings wait in the journal (${fault})` };
      if (store.health().state === 'down')
        return {
          state: 'degraded',
          trouble: 'recording-waits',
          detail: 'readings wait in the journal for the vitals store',
        };
      return { state: 'ok' };
    },
  };
}

/** A message is at most 64 KiB (the broker refuses larger ones). */
const entriesPerBatch = 200;
/** Payload handled at a time: some 10,000 readings and, unpacked, some tens of MB. */
const bytesPerPart = 2 * 1024 * 1024;
const graceMs = 3_000;

function partsOf(entries: JournalEntry[]): JournalEntry[][] {
  const parts: JournalEntry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    if (bytes + entry.payload.length > bytesPerPart) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(entry);
    bytes += entry.payload.length;
  }
  return parts;
}
