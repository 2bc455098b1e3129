import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Receipt } from '#domain/downward.ts';
import type { PatientId, SourceId, TeamId } from '#domain/ids.ts';
import { shardOf, type UpTopic } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import type { Journal } from '#runtime/journal.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { Service } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createIngest } from '../../ingest/ingest.ts';
import { makeDevice, makePatient, makeSource, makeTeam } from './people.ts';

/** A patient with a cuff behind a gateway, a journal in files, and ingest between the two; all of it ends with the test. */
export async function openIngest(servers: {
  url: string;
  records: Records;
  store: VitalsStore;
  stop(): Promise<void>;
}) {
  const { records, store } = servers;
  const team: TeamId = await makeTeam(records);
  const patient: PatientId = (await makePatient(records, { team })).id;
  const { source } = await makeSource(records);
  const device = await makeDevice(records, { source, patient });
  const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-ingest-'));
  const journal: Journal = await createJournalFiles({ folder, clock, log });
  const downlink = createDownlink();
  const messages: { source: SourceId; receipts: Receipt[] }[] = [];
  downlink.carriedBy({
    receipts: (to, { receipts }) => void messages.push({ source: to, receipts }),
  });
  const make = (): Service => createIngest({ journal, store, records, downlink, clock, log, metrics: createMetrics() });
  let ingest = make();
  await ingest.start();

  const append = (from: SourceId, kind: UpTopic, payload: Buffer, receivedAt = Date.now()) =>
    journal.append({ shard: shardOf(from), source: from, kind, receivedAt, payload });
  const done = () => until(() => journal.backlog().entries === 0);
  const house = {
    ...servers,
    team,
    patient,
    source,
    device,
    messages,
    append,
    /** Everything in the journal has been ingested. */
    done,
    sent: async (from: SourceId, readings: unknown[], receivedAt?: number) => {
      await append(from, 'readings', envelope(readings), receivedAt);
      await done();
    },
    receipts: (of: SourceId): Receipt[] => messages.flatMap(({ source, receipts }) => (source === of ? receipts : [])),
    read: (of: PatientId) =>
      store.read({ patient: of, panel: 'blood-pressure', from: 0, to: Date.now() + 86_400_000, limit: 10_000 }),
    quarantined: () => records.selectFrom('quarantine').selectAll().orderBy('received_at').execute(),
    ingest: () => ingest,
    restart: async () => {
      await ingest.stop();
      ingest = make();
      await ingest.start();
    },
    close: async () => {
      await ingest.stop();
      await journal.close();
      await store.close();
      await servers.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  onTestFinished(house.close);
  return house;
}

export const envelope = (readings: unknown[]): Buffer => Buffer.from(JSON.stringify({ v: 1, readings }));
export const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await clock.sleep(5);
}
