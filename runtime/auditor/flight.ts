import { connect, type MqttClient } from 'mqtt';
import { canary } from '#domain/canary.ts';
import { type Receipt, ReceiptsMessage } from '#domain/downward.ts';
import { AlertId, type ReadingId } from '#domain/ids.ts';
import type { Reading } from '#domain/reading.ts';
import { topicOf } from '#domain/topics.ts';
import { type Clock, instant, within } from '../clock.ts';
import { faultDetails, type Log } from '../log.ts';
import { readingId } from '../reading-id.ts';
import { changeAlert } from '../records/alerts.ts';
import type { Records } from '../records/connect.ts';
import type { VitalsStore } from '../vitals-store.ts';

/**
 * One flight of the canary: two readings of a pressure that must call somebody, sent as any device sends, and looked for at every station.
 * When its page has gone out, it acknowledges and resolves its own alert.
 */

/** In the order in which they are named when they are missing: a store that is away delays no alert, but is away all the same. */
export const legs = ['acknowledged', 'stored', 'receipted', 'shown', 'opened', 'paged', 'closed'] as const;
export type Leg = (typeof legs)[number];

/** `ms`: how long after the take-off each leg was done. */
export type Flight = { missing: Leg | undefined; ms: Partial<Record<Leg, number>> };

export type FlightDeps = {
  records: Records;
  store: Pick<VitalsStore, 'read'>;
  clock: Clock;
  log: Log;
  /** PEM of whom to trust; undefined for a door without TLS or with a certificate that everybody trusts. */
  trusts: () => string | undefined;
};

export type FlightConfig = { mqttUrl: string; token: string; withinMs: number };

const lookEveryMs = 250;
const tryAgainMs = 1_000;
/** The rule asks for two measurements at least 30 s apart (rules/book/hypertension.ts), and beyond 180/120. */
const takenAgoMs = [41_000, 1_000];
const pressure = { systolic: 190, diastolic: 124 };

export async function fly(deps: FlightDeps, config: FlightConfig, ended: AbortSignal): Promise<Flight> {
  const { records, store, clock, log } = deps;
  const begun = clock.elapsed();
  const ms: Flight['ms'] = {};
  const late = new AbortController();
  const cancel = clock.after(config.withinMs, () => late.abort(new Error('the canary is overdue')));
  const signal = AbortSignal.any([ended, late.signal]);

  const done = (leg: Leg) => {
    ms[leg] ??= Math.round(clock.elapsed() - begun);
  };
  /** Asks until there is an answer; who cannot answer is asked again. */
  const seen = async <T>(leg: Leg, ask: () => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      signal.throwIfAborted();
      // a question that hangs is no reason to hang
      const answer = await within(clock, tryAgainMs * 5, ask(), () => new Error('no answer')).catch((fault) => {
        log.debug('the canary cannot be looked for', { leg, ...faultDetails(fault) });
        return undefined;
      });
      if (answer !== undefined) {
        done(leg);
        return answer;
      }
      await clock.sleep(lookEveryMs, signal);
    }
  };

  const now = clock.now();
  const readings = takenAgoMs.map((ago, i) => readingTaken(now - ago, `canary-${now}-${i}`));
  const ids = readings.map(({ ref: _, ...reading }) => readingId(reading));
  const newest = ids.at(-1)!;

  const recorded = async () => {
    await seen('stored', async () => {
      const query = { patient: canary.patient, panel: canary.panel, from: now - 60_000, to: now + 1, limit: 100 };
      const kept = new Set((await store.read(query)).map(({ id }) => id));
      return ids.every((id) => kept.has(id)) || undefined;
    });
  };
  const judged = async () => {
    const alert = await seen('opened', () => openAlertOn(records, newest));
    await seen('paged', () => sentPage(records, alert));
    await seen('closed', async () => (await putAway(records, instant(clock.now()))) || undefined);
  };

  const stations = await Promise.allSettled([
    send(deps, config, readings, signal, done),
    recorded(),
    seen('shown', () => isLatest(records, newest)),
    judged(),
  ]);
  cancel();
  for (const station of stations)
    if (station.status === 'rejected') log.debug('a canary did not come home', faultDetails(station.reason));
  return { missing: legs.find((leg) => ms[leg] === undefined), ms };
}

const readingTaken = (at: number, ref: string): Reading => ({
  ref,
  device: canary.device,
  panel: canary.panel,
  values: Object.entries(pressure).map(([vital, value]) => ({
    vital: vital as keyof typeof pressure,
    value,
    unit: 'mm[Hg]',
  })),
  takenAt: instant(at),
  clock: 'source',
  heardAt: instant(at),
  marks: [],
});

/** As a device does: signs in, listens for receipts, sends until it is acknowledged and has its receipts. */
async function send(
  { clock, log, trusts }: FlightDeps,
  { mqttUrl, token }: FlightConfig,
  readings: readonly Reading[],
  signal: AbortSignal,
  done: (leg: Leg) => void,
): Promise<void> {
  const missing = new Set(readings.map(({ ref }) => ref));
  while (missing.size > 0) {
    signal.throwIfAborted();
    const ca = trusts();
    const client = connect(mqttUrl, {
      ...{ clientId: canary.source, username: canary.source, password: token, protocolVersion: 4, clean: true },
      ...{ reconnectPeriod: 0, resubscribe: false, connectTimeout: 5_000 },
      ...(ca === undefined ? {} : { ca }),
    });
    const end = () => void client.end(true);
    signal.addEventListener('abort', end, { once: true });
    try {
      await connected(client);
      const receipted = receiptsOf(client, missing, (left) => left === 0 && done('receipted'));
      await client.subscribeAsync(topicOf(canary.source, 'receipts'), { qos: 1 });
      const message = JSON.stringify({ v: 1, readings });
      await Promise.race([client.publishAsync(topicOf(canary.source, 'readings'), message, { qos: 1 }), receipted]);
      done('acknowledged');
      await receipted;
    } catch (fault) {
      log.debug('a canary could not take off', faultDetails(fault));
      await clock.sleep(tryAgainMs, signal);
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  }
}

const connected = (client: MqttClient): Promise<void> =>
  new Promise((resolve, reject) => {
    client.once('connect', () => resolve());
    client.on('error', reject);
    client.once('close', () => reject(new Error('closed')));
  });

/** Resolves when every reading has the receipt that it is stored; rejects when the connection ends first, or something is refused. */
const receiptsOf = (client: MqttClient, missing: Set<string>, heard: (left: number) => void): Promise<void> => {
  const all = new Promise<void>((resolve, reject) => {
    client.once('close', () => reject(new Error('closed')));
    client.on('message', (_, payload) => {
      for (const { ref, outcome } of receiptsIn(payload)) if (outcome === 'stored') missing.delete(ref);
      heard(missing.size);
      if (missing.size === 0) resolve();
    });
  });
  all.catch(() => {});
  return all;
};

function receiptsIn(payload: Buffer): Receipt[] {
  try {
    return ReceiptsMessage.parse(JSON.parse(payload.toString())).receipts;
  } catch {
    return [];
  }
}

// what stands in the records, in statements of the auditor's own

const isLatest = async (records: Records, reading: ReadingId): Promise<true | undefined> => {
  const row = await records
    .selectFrom('latest_value')
    .select('reading_id')
    .where('patient_id', '=', canary.patient)
    .where('vital', '=', 'systolic')
    .executeTakeFirst();
  return row?.reading_id === reading || undefined;
};

const openAlertOn = async (records: Records, reading: ReadingId): Promise<AlertId | undefined> => {
  const rows = await records
    .selectFrom('alert')
    .select(['id', 'evidence'])
    .where('patient_id', '=', canary.patient)
    .where('state', '=', 'open')
    .where('severity', '=', 'critical')
    .execute();
  return rows.find(({ evidence }) => evidence.some((one) => one.reading === reading))?.id;
};

const sentPage = async (records: Records, alert: AlertId): Promise<true | undefined> => {
  const row = await records
    .selectFrom('page')
    .select('id')
    .where('alert_id', '=', alert)
    .where('channel', '=', canary.channel)
    .where('state', '=', 'sent')
    .limit(1)
    .executeTakeFirst();
  return row && true;
};

/** Acknowledges and resolves whatever the canary has opened: as a false alarm, after which the next flight opens one of its own. */
export async function putAway(records: Records, at: string): Promise<true> {
  const open = await records
    .selectFrom('alert')
    .select('id')
    .where('patient_id', '=', canary.patient)
    .where('state', '<>', 'resolved')
    .execute();
  const by = canary.clinician;
  for (const { id } of open) {
    await changeAlert(records, AlertId.parse(id), { kind: 'acknowledge', by, note: null, at });
    await changeAlert(records, AlertId.parse(id), { kind: 'resolve', by, outcome: 'false-alarm', note: null, at });
  }
  return true;
}
