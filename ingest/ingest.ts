import type { StoredReading } from '#domain/reading.ts';
import { shards } from '#domain/topics.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Downlink } from '#runtime/downlink.ts';
import { createAdmitting } from '#runtime/intake/admitting.ts';
import { type Arrival, inParts, unpackReadings } from '#runtime/intake/unpack.ts';
import type { Consumption, Journal, JournalEntry } from '#runtime/journal.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Records } from '#runtime/records/connect.ts';
import { isDataFault } from '#runtime/records/faults.ts';
import { mayBeReplayed } from '#runtime/records/first-hearings.ts';
import type { Service } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { arrivalsIn } from './arrivals.ts';
import { emptyHarvest, gather, type Harvest } from './harvest.ts';
import { keep } from './keep.ts';
import { findStored, isDoubtful } from './looking-up.ts';
import { sendReceipts } from './receipts.ts';
import { createRecent } from './recent.ts';

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
  const admitting = createAdmitting(records);
  const recent = createRecent(clock.now());
  let consumptions: Consumption[] = [];
  /** By lane. */
  const faults = new Map<number, string>();
  const ending = new AbortController();

  const consume = (lane: number) => async (entries: JournalEntry[]) => {
    try {
      await ingestOrIsolate(entries);
      if (faults.delete(lane) && faults.size === 0) log.info('readings are recorded again');
    } catch (cause) {
      if (!ending.signal.aborted && faults.size === 0) log.warn('readings wait in the journal', faultDetails(cause));
      faults.set(lane, (cause as { code?: string } | null)?.code ?? 'fault');
      throw cause;
    }
  };

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

  /** Part by part into the store, so that however much is in hand, little of it is unpacked; then once into PostgreSQL. */
  async function ingest(entries: JournalEntry[]): Promise<void> {
    const harvest = emptyHarvest();
    for (const part of inParts(entries, (entry) => arrivalsIn(entry, harvest))) await record(part, harvest);
    await finish(harvest);
  }

  async function record(arrivals: Arrival[], harvest: Harvest): Promise<void> {
    const verdicts = await admitting.admitAll(arrivals);
    const admitted: StoredReading[] = [];
    for (const verdict of verdicts)
      if ('samples' in verdict)
        for (const sample of verdict.samples) if ('reading' in sample) admitted.push(sample.reading);
    // what lies in the store already is not written again: a copy changes nothing, not even when it was stored
    const since = recent.since();
    const doubtful = admitted.filter((reading) => isDoubtful(reading, since) && !recent.has(reading.id));
    const found = doubtful.length > 0 ? await findStored(store, doubtful) : undefined;
    const fresh: StoredReading[] = [];
    const copies = new Set<StoredReading>();
    for (const reading of admitted) {
      const { id } = reading;
      if (recent.has(id) || harvest.seen.has(id)) copies.add(reading);
      else if (found?.has(id)) {
        copies.add(reading);
        // whoever stored it may have died before it left anything else
        if (!mayBeReplayed(reading)) harvest.found.push(reading);
      } else fresh.push(reading);
      harvest.seen.add(id);
    }
    if (fresh.length > 0) {
      const startedAt = clock.now();
      const unstorable = await store.write(fresh, ending.signal);
      metrics.storeSeconds.observe((clock.now() - startedAt) / 1_000);
      for (const { reading, reason } of unstorable) harvest.refusals.set(reading.id, reason);
    }
    for (const verdict of verdicts) gather(harvest, verdict, copies);
  }

  async function finish(harvest: Harvest): Promise<void> {
    const { answers, gaveWay } = await keep(records, harvest, clock.now());
    if (gaveWay > 0) log.warn('quarantine is full: its oldest gave way', { items: gaveWay });
    metrics.quarantineGaveWay.inc(gaveWay);
    for (const what of answers) metrics.commands.inc({ what });
    for (const [outcome, count] of harvest.counts) metrics.readings.inc({ outcome }, count);
    recent.remember(harvest.stored, clock.now());
    sendReceipts(downlink, harvest.receipts, clock.now());
  }

  async function putAside(entry: JournalEntry): Promise<void> {
    const { source, receivedAt, payload } = entry;
    const reason = 'refused-by-store';
    const refs = entry.kind === 'readings' ? unpackReadings(entry).flatMap((arrival) => arrival.refs) : [];
    const detail = 'the records could not take this message';
    const harvest = emptyHarvest();
    harvest.refused.push({ source, receivedAt, reason, detail, ref: refs[0], payload });
    for (const ref of refs) harvest.receipts.push({ source, receipt: { ref, outcome: 'quarantined', reason } });
    harvest.counts.set(reason, Math.max(1, refs.length));
    await finish(harvest);
    log.error('a message that PostgreSQL refuses is in quarantine', { source });
  }

  return {
    name: 'ingest',
    async start() {
      consumptions = shardsOfLanes.map((shards, lane) =>
        journal.consume('ingest', { batch: entriesPerBatch, shards }, consume(lane)),
      );
    },
    async stop() {
      // a batch that waits for a server that is away is given up: it is in the journal
      const cancel = clock.after(graceMs, () => ending.abort(new Error('ingest stops')));
      await Promise.all(consumptions.map((consumption) => consumption.stop()));
      cancel();
      consumptions = [];
    },
    health() {
      if (consumptions.length === 0) return { state: 'down', trouble: 'not-running', detail: 'not started' };
      const [fault] = faults.values();
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

/** As much as lay ready: few when there is little to do, many when there is much. Bounded in bytes by the journal's own limits. */
const entriesPerBatch = 5_000;
const graceMs = 3_000;
/** While one waits for the vitals store or for PostgreSQL, the other works. A source is always in the same lane, so its order holds. */
const lanes = 2;
const shardsOfLanes = Array.from({ length: lanes }, (_, lane) =>
  Array.from({ length: shards / lanes }, (_, i) => i * lanes + lane),
);
