import pg from 'pg';
import type { Clock } from '../clock.ts';

/** What PostgreSQL's NOTIFY tells of one channel. */
export type Listening = { stop(): Promise<void>; connected(): boolean };

const retryMs = 1_000;

/**
 * Keeps one connection and renews it when it breaks. What was told meanwhile is lost: `onGap` says so, also when listening begins.
 * @param channel a word of ours, never anybody's input
 */
export function listenTo(
  databaseUrl: string,
  clock: Clock,
  channel: string,
  onText: (text: string) => void,
  onGap: () => void,
): Listening {
  let client: pg.Client | undefined;
  let stopped = false;
  let connected = false;
  let cancelRetry = () => {};

  const open = async () => {
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'hearthbeat-changes',
      keepAlive: true,
    });
    client = next;
    const lost = () => {
      if (client !== next) return;
      client = undefined;
      connected = false;
      void next.end().catch(() => {});
      if (!stopped) cancelRetry = clock.after(retryMs, () => void open());
    };
    next.on('error', lost);
    next.on('end', lost);
    next.on('notification', ({ payload }) => onText(payload ?? ''));
    try {
      await next.connect();
      await next.query(`listen ${channel}`);
      connected = true;
      onGap();
    } catch {
      lost();
    }
  };
  void open();
  return {
    connected: () => connected,
    stop: async () => {
      stopped = true;
      cancelRetry();
      const last = client;
      client = undefined;
      await last?.end().catch(() => {});
    },
  };
}
