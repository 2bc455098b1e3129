import { isContinuous, type PanelName, panels } from '#domain/vitals.ts';
import type { Records } from '#runtime/records/connect.ts';
import { firstWaiting } from '#runtime/records/rollups.ts';
import type { Rollup, Span, VitalsStore, Window } from '#runtime/vitals-store.ts';

/**
 * Windows of a long time. What is worn gives 31 million heart rates a year, which no screen waits for: its windows of an hour and more are put
 * together from hourly rollups, and only the last day, or what follows an hour whose rollup waits, from the readings. Where readings were
 * removed and their rollups kept, the charts keep their past. Of what is measured now and then the readings themselves are read.
 */
export async function longRange(
  { store, records }: { store: VitalsStore; records: Records },
  query: Span & { windowMs: number },
  now: number,
): Promise<Window[]> {
  const { windowMs, from, to, panel } = query;
  const before = (at: number) => Math.min(to, Math.max(from, Math.floor(at / windowMs) * windowMs));
  const fresh = before(now - freshMs);
  if (!hasRollups(panel, windowMs) || fresh <= from) return store.readWindows(query);
  const waiting = await firstWaiting(records, { ...query, to: fresh });
  const until = waiting === undefined ? fresh : before(waiting);
  const [rollups, windows] = await Promise.all([
    from < until ? store.readRollups({ ...query, to: until, period: '1h' }) : [],
    until < to ? store.readWindows({ ...query, from: until }) : [],
  ]);
  return [...gathered(rollups, windowMs), ...windows];
}

/** Whether windows so wide are put together from rollups. */
export const hasRollups = (panel: PanelName, windowMs: number): boolean =>
  isContinuous(panel) && windowMs % hourMs === 0;

/** How many readings windows are made of: more than there are readings where some were removed since. */
export const countIn = (windows: readonly Window[], panel: PanelName): number =>
  windows.reduce((sum, { values }) => sum + (values[panels[panel].required[0]]?.count ?? 0), 0);

const hourMs = 3_600_000;
/** Rollups are made within minutes. */
const freshMs = 24 * hourMs;

/** Windows aligned to 1970, oldest first, of the rollups that begin in them. */
function gathered(rollups: readonly Rollup[], windowMs: number): Window[] {
  const windows = new Map<number, Window>();
  for (const rollup of rollups) {
    const from = Math.floor(rollup.from / windowMs) * windowMs;
    const window = windows.get(from) ?? { from, values: {} };
    windows.set(from, window);
    for (const [name, summary] of Object.entries(rollup.values)) {
      const vital = name as keyof Rollup['values'];
      const known = window.values[vital] ?? { mean: 0, min: summary.min, max: summary.max, count: 0 };
      const count = known.count + summary.count;
      window.values[vital] = {
        mean: known.mean + (summary.sum - known.mean * summary.count) / count,
        min: Math.min(known.min, summary.min),
        max: Math.max(known.max, summary.max),
        count,
      };
    }
  }
  return [...windows.values()];
}
