import { isContinuous, type PanelName } from '#domain/vitals.ts';
import type { Clock } from './clock.ts';
import type { VitalsStore } from './vitals-store.ts';

/**
 * How many days readings are kept, and their rollups. Undefined: for ever, which is what nobody regrets who was not asked: in China
 * outpatients' records are kept for at least 15 years after the last visit and inpatients' for 30 (医疗机构病历管理规定, 2013 edition, article 29),
 * and no program knows which visit was the last.
 */
export type Retention = {
  readings?: number | undefined;
  /** What is worn and measures all day fills a disk: 31 million heart rates a year. Their rollups stay. Undefined: as `readings`. */
  continuous?: number | undefined;
  rollups?: number | undefined;
};

const dayMs = 86_400_000;
/** Why a reading is refused that would be removed at once. */
export const beyondRetention = 'older than the store keeps';

export const retentionDaysOf = (retention: Retention, panel: PanelName): number | undefined =>
  isContinuous(panel) ? (retention.continuous ?? retention.readings) : retention.readings;

export function isKept(retention: Retention, panel: PanelName, takenAt: number, now: number): boolean {
  const days = retentionDaysOf(retention, panel);
  return days === undefined || takenAt >= now - days * dayMs;
}

/**
 * The store as somebody sees it who keeps readings for so long only: what is older is refused and never shown, whether or not the server
 * has removed it already, or ever does.
 */
export function withRetention(store: VitalsStore, { clock }: { clock: Clock }, retention: Retention): VitalsStore {
  if (retention.readings === undefined && retention.continuous === undefined) return store;
  const bounded = <Query extends { panel: PanelName; from: number }>(query: Query): Query => {
    const days = retentionDaysOf(retention, query.panel);
    return days === undefined ? query : { ...query, from: Math.max(query.from, clock.now() - days * dayMs) };
  };
  return {
    ...store,
    async write(readings, signal) {
      const now = clock.now();
      const kept = readings.filter(({ panel, takenAt }) => isKept(retention, panel, Date.parse(takenAt), now));
      const refused = await store.write(kept, signal);
      if (kept.length === readings.length) return refused;
      const keeping = new Set(kept);
      const old = readings.filter((reading) => !keeping.has(reading));
      return [...refused, ...old.map((reading) => ({ reading, reason: beyondRetention }))];
    },
    read: (query) => store.read(bounded(query)),
    readWindows: (query) => store.readWindows(bounded(query)),
    summarise: (query) => store.summarise(bounded(query)),
  };
}
