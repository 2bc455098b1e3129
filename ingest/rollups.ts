import { Outage } from '#domain/errors.ts';
import type { PatientId } from '#domain/ids.ts';
import type { PanelName } from '#domain/vitals.ts';
import { dayAround } from '#domain/zone.ts';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Records } from '#runtime/records/connect.ts';
import { reopenErasures } from '#runtime/records/erasures.ts';
import { type DueHour, finishRollups, hourMs, takeRollups, zonesOfPatients } from '#runtime/records/rollups.ts';
import { isKept, type Retention } from '#runtime/retention.ts';
import type { Service } from '#runtime/service.ts';
import type { RollupOf, VitalsStore } from '#runtime/vitals-store.ts';
import { createRounds } from './rounds.ts';

type Deps = { records: Records; store: VitalsStore; clock: Clock; log: Log };
type Config = { retention: Retention; settleMs?: number; runningMs?: number; everyMs?: number };

/**
 * Rollups: of each hour, and of each day where the care team is, how often a vital sign was measured, with sum, least, greatest and percentiles.
 *
 * They are computed from the readings as they lie in the vitals store, anew whenever a reading of that hour comes: late data and corrections
 * need nothing of their own, and doing it twice gives the same. What is due stands in PostgreSQL; after an outage it is caught up, the oldest
 * first. Hours are those of UTC. A day is computed from its readings, not from its hours, which need not begin with it (India).
 */
export function createRollups(deps: Deps, config: Config): Service {
  const { records, store, clock } = deps;
  const log = deps.log.child({ service: 'rollups' });
  const { retention, settleMs = usualSettleMs, runningMs = usualRunningMs } = config;

  async function round(signal: AbortSignal): Promise<void> {
    for (let turn = 0; turn < turnsPerRound && !signal.aborted; turn++) {
      const due = await takeRollups(records, { now: clock.now(), settleMs, runningMs, limit: hoursPerTurn });
      if (due.length === 0) return;
      const groups = [...groupsOf(due).values()];
      const zones = await zonesOfPatients(
        records,
        groups.map(({ patient }) => patient),
      );
      const next = groups.values();
      const faults: unknown[] = [];
      // a round ends when all of it has: what an earlier one still had in hand would be written over what a later one computed
      await Promise.all(
        Array.from({ length: groupsAtOnce }, async () => {
          for (const group of next) {
            if (signal.aborted || !faults.every(isOfOneGroup)) return;
            try {
              await compute(group, zones.get(group.patient), signal);
              await records.transaction().execute(async (db) => {
                await finishRollups(db, group.due);
                await reopenErasures(db, [group.patient], clock.now());
              });
            } catch (fault) {
              faults.push(fault);
            }
          }
        }),
      );
      if (faults.length > 0) throw faults[0];
    }
  }

  async function compute(group: Group, zone: string | undefined, signal: AbortSignal): Promise<void> {
    const { patient, panel } = group;
    // nobody's any more
    if (zone === undefined) return;
    const rollups: RollupOf[] = [];
    // what has lost readings to retention keeps the rollup that was made of all of them
    const whole = (from: number) => isKept(retention, panel, from, clock.now());
    for (const hours of stretchesOf(group.hours)) {
      const [first, last] = [hours[0]! * hourMs, (hours.at(-1)! + 1) * hourMs];
      const wanted = new Set(hours.map((hour) => hour * hourMs).filter(whole));
      if (wanted.size === 0) continue;
      for (const rollup of await store.summarise({ patient, panel, from: first, to: last, everyMs: hourMs }))
        if (wanted.has(rollup.from)) rollups.push({ patient, panel, period: '1h', ...rollup });
    }
    for (const day of daysOf(zone, group.hours).filter(({ from }) => whole(from)))
      for (const rollup of await store.summarise({ patient, panel, ...day }))
        rollups.push({ patient, panel, period: '1d', ...rollup });
    await store.writeRollups(rollups, signal);
  }

  return createRounds(deps, {
    name: 'rollups',
    everyMs: config.everyMs ?? usualEveryMs,
    round,
    onFault: (fault) =>
      log.warn(
        fault instanceof Outage ? 'rollups wait' : 'rollups failed, and will be tried again',
        faultDetails(fault),
      ),
  });
}

const usualEveryMs = 15_000;
/** A message of a visit is followed by others. */
const usualSettleMs = 20_000;
/** What is worn speaks all the time: four times an hour is often enough for charts of months. */
const usualRunningMs = 15 * 60_000;
const hoursPerTurn = 2_000;
const turnsPerRound = 50;
/** Of the four connections that the store has for questions, people at their screens need some. */
const groupsAtOnce = 2;
/** A statement answers at most so many hours. */
const hoursPerStretch = 31 * 24;

/** Refused for good: the others need not wait for it. */
const isOfOneGroup = (fault: unknown): boolean => fault instanceof Outage && !fault.retry;

type Group = { patient: PatientId; panel: PanelName; hours: number[]; due: DueHour[] };

function groupsOf(due: readonly DueHour[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const mark of due) {
    const key = `${mark.patient} ${mark.panel}`;
    const group = groups.get(key) ?? { patient: mark.patient, panel: mark.panel, hours: [], due: [] };
    groups.set(key, group);
    group.hours.push(mark.hour);
    group.due.push(mark);
  }
  for (const group of groups.values()) group.hours.sort((a, b) => a - b);
  return groups;
}

/** Hours in order, cut where there is a gap of more than a day or a stretch becomes too long: a statement each. */
function stretchesOf(hours: readonly number[]): number[][] {
  const stretches: number[][] = [];
  for (const hour of hours) {
    const open = stretches.at(-1);
    if (open && hour - open.at(-1)! <= 24 && hour - open[0]! < hoursPerStretch) open.push(hour);
    else stretches.push([hour]);
  }
  return stretches;
}

/** The days that hours touch. */
function daysOf(zone: string, hours: readonly number[]): { from: number; to: number }[] {
  const days: { from: number; to: number }[] = [];
  for (const hour of hours)
    for (const at of [hour * hourMs, (hour + 1) * hourMs - 1])
      if (at >= (days.at(-1)?.to ?? Number.NEGATIVE_INFINITY)) days.push(dayAround(zone, at));
  return days;
}
