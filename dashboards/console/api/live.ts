import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { z } from 'zod';
import { clock } from '../time/clock.ts';
import { connection } from './connection.ts';
import { keys } from './queries.ts';

/**
 * Keeps the screen true: server-sent events say what changed, and the queries it touches are asked again. Where the stream
 * breaks, everything is asked again every half minute until it is back; a stream that works is checked more rarely.
 */

const pollEveryMs = 30_000;
/** Even with a live stream: a change that was lost on its way must not stay unseen for long. */
const checkEveryMs = 120_000;
/** A refused stream is asked for again after this, and after twice as long each time. */
const reopenAfterMs = 2_000;
const reopenAfterAtMostMs = 60_000;
/** A browser has six connections to one server: tabs that nobody looks at must not hold them all. */
const hiddenForMs = 10_000;
/** Many changes at once (a broker that comes back) are one round of questions. */
const gatherMs = 250;

const Change = z.object({
  kind: z.enum(['reading', 'alert', 'task', 'page', 'care-plan', 'status']),
  patient: z.string(),
  id: z.string().optional(),
});
type Change = z.infer<typeof Change>;

export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => startLive(client), [client]);
}

/** @returns stops it. */
function startLive(client: QueryClient): () => void {
  const refresher = createRefresher(client);
  let stream: EventSource | undefined;
  let cancelReopen = () => {};
  let cancelRest = () => {};
  let refusals = 0;
  let askedAt = clock.now();

  const askAll = () => {
    askedAt = clock.now();
    refresher.all();
  };
  const open = () => {
    cancelReopen();
    stream?.close();
    const next = new EventSource('/api/v1/changes');
    stream = next;
    next.onopen = () => {
      refusals = 0;
      connection.streamOpened();
      // whatever happened before the stream stood open was told to nobody
      askAll();
    };
    next.onerror = () => {
      connection.streamBroke();
      refresher.all();
      // the browser tries again by itself only where it was not refused
      if (next.readyState !== EventSource.CLOSED) return;
      cancelReopen = clock.after(Math.min(reopenAfterMs * 2 ** refusals, reopenAfterAtMostMs), open);
      refusals += 1;
    };
    next.addEventListener('gap', askAll);
    next.addEventListener('change', (event) => {
      const change = Change.safeParse(parse(event.data));
      if (change.success) refresher.changed(change.data);
    });
  };
  const stopPolling = clock.every(pollEveryMs, () => {
    if (connection.current().state !== 'live' || clock.now() - askedAt >= checkEveryMs) askAll();
  });
  /** A phone that was in a pocket, a laptop that was closed: the stream may be dead without having said so. */
  const look = () => {
    cancelRest();
    if (document.visibilityState === 'visible') return open();
    cancelRest = clock.after(hiddenForMs, () => {
      stream?.close();
      cancelReopen();
      connection.streamBroke();
    });
  };
  open();
  window.addEventListener('online', open);
  document.addEventListener('visibilitychange', look);
  return () => {
    stopPolling();
    cancelReopen();
    cancelRest();
    refresher.stop();
    stream?.close();
    window.removeEventListener('online', open);
    document.removeEventListener('visibilitychange', look);
  };
}

/** Gathers what is out of date and asks again, one round at a time: a flood of changes never cancels its own answers. */
function createRefresher(client: QueryClient) {
  let due = new Map<string, readonly unknown[]>();
  let everything = false;
  let running = false;
  let cancel = () => {};

  const round = async () => {
    running = true;
    const [queryKeys, all] = [due, everything];
    due = new Map();
    everything = false;
    if (all) await client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
    else await Promise.all([...queryKeys.values()].map((queryKey) => client.invalidateQueries({ queryKey })));
    running = false;
    if (everything || due.size > 0) cancel = clock.after(gatherMs, () => void round());
  };
  const soon = () => {
    if (running) return;
    cancel();
    cancel = clock.after(gatherMs, () => void round());
  };
  return {
    all: () => {
      everything = true;
      soon();
    },
    changed: (change: Change) => {
      for (const key of touchedBy(change)) due.set(JSON.stringify(key), key);
      soon();
    },
    stop: () => cancel(),
  };
}

function touchedBy({ kind, patient, id }: Change): (readonly unknown[])[] {
  switch (kind) {
    case 'reading':
      return [keys.worklist, keys.patient(patient), keys.readings(patient)];
    case 'alert':
      return [keys.worklist, keys.alerts, id ? keys.alert(id) : keys.anyAlert];
    case 'task':
      return [keys.worklist, keys.tasks, keys.anyAlert];
    case 'page':
      return [keys.anyAlert, keys.mailbox];
    case 'care-plan':
    case 'status':
      return [keys.worklist, keys.patient(patient)];
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
