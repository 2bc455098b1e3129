import { asComponent } from '#domain/platform.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal.ts';
import type { Records } from '../records/connect.ts';
import { lastWords, quarantinedSince } from '../records/platform.ts';
import type { Health } from '../service.ts';

/**
 * What no component says of itself, and somebody must look at: each answers as components do. One that cannot look (PostgreSQL is
 * away) rejects, and what it saw before stands.
 */
export type Sign = () => Promise<Record<string, Health>> | Record<string, Health>;

const hourMs = 3_600_000;

/** So many readings in an hour are no single slip: a home sends some dozens a day. An engineering default. */
export const quarantinedPerHour = 100;

export const quarantineSign =
  ({ records, clock }: { records: Records; clock: Clock }): Sign =>
  async () => {
    const some = await quarantinedSince(records, clock.now() - hourMs, quarantinedPerHour);
    const grows = some >= quarantinedPerHour;
    const detail = `${quarantinedPerHour} or more in the last hour`;
    return { quarantine: grows ? { state: 'degraded', trouble: 'quarantine-growing', detail } : { state: 'ok' } };
  };

/** Some seconds of work at full load, and days of it in a small house. */
export const behindAtMost = 100_000;

export const backlogSign =
  (journal: Pick<Journal, 'backlog'>): Sign =>
  () => {
    const late = journal.backlog().consumers.filter((one) => one.behind > behindAtMost);
    const detail = late.map(({ consumer, behind }) => `${consumer}: ${behind} entries`).join(', ');
    return {
      consumers: late.length > 0 ? { state: 'degraded', trouble: 'consumer-behind', detail } : { state: 'ok' },
    };
  };

/** A process that has said nothing for so long has ended, hangs, or does not reach PostgreSQL. */
export const silentAfterMs = 60_000;

/** Processes watch each other; of those that speak, the first by name tells of those that do not. */
export const processSign =
  ({ records, clock }: { records: Records; clock: Clock }, process: string): Sign =>
  async () => {
    const silentSince = clock.now() - silentAfterMs;
    const words = await lastWords(records);
    const speaking = [...words].filter(([name, at]) => name === process || at >= silentSince).map(([name]) => name);
    if (speaking.toSorted()[0] !== process) return {};
    const silent = [...words.keys()].filter((name) => !speaking.includes(name));
    return Object.fromEntries(
      silent.map((name) => [asComponent(name), { state: 'down', trouble: 'process-silent' } as const]),
    );
  };
