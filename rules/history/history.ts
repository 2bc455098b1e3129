import type { DeviceId, SourceId } from '#domain/ids.ts';
import { isContinuous, type PanelName } from '#domain/vitals.ts';
import type { JudgedReading, Rule } from '../rule.ts';
import { bytesOfRecords, createRecords, insertLastOfSlot, insertRecord, type Records } from './history-records.ts';
import { bytesOfSlots, createSlots, insertSample, type Slots } from './history-slots.ts';

/**
 * What rules know of a patient's past: the recent readings of each panel, packed, shared by all rules of the book. It is a function of
 * the set of readings that came: in any order, and as often as they like. It stands in memory only, and can be rebuilt from the store.
 */
export type History = {
  panels: Map<PanelName, PanelHistory>;
  /** Which device measured and through which source; records refer to it by its place. */
  devices: { device: DeviceId; source: SourceId }[];
  /** False while it is being rebuilt after a restart: rules that look far back do not judge then. */
  complete: boolean;
};

/** The latest readings in full; of a panel that is worn, also one sample for every five minutes of the last two weeks. */
export type PanelHistory = { panel: PanelName; records: Records; slots: Slots | undefined };

/** How far back a panel is kept, by what the rules of a book look at. Panels that no rule looks at are not kept. */
export type Kept = ReadonlyMap<PanelName, { days: number }>;

/** Two readings of a day go in and come out in no time; who measures more than that is kept for as many readings. */
export const recordsPerDayAtMost = 24;
/** Samples of a worn device that are kept with their ids, to stand as evidence: two hours of one in five minutes. */
export const recentSamplesAtMost = 24;

export const createHistory = (complete = true): History => ({ panels: new Map(), devices: [], complete });

/** Answers false when it changes nothing: it was there already, is older than what is kept, or no rule looks at its panel. */
export function insertReading(history: History, kept: Kept, reading: JudgedReading, receivedAt: number): boolean {
  const { panel } = reading.evidence;
  const wish = kept.get(panel);
  if (!wish) return false;
  let of = history.panels.get(panel);
  if (!of) {
    of = {
      panel,
      records: createRecords(panel),
      slots: isContinuous(panel) ? createSlots(panel, wish.days) : undefined,
    };
    history.panels.set(panel, of);
  }
  const device = placeOfDevice(history, reading.device, reading.source);
  if (!of.slots)
    return insertRecord(of.records, reading, receivedAt, device, {
      days: wish.days,
      records: Math.min(recordsAtMost, Math.ceil(wish.days * recordsPerDayAtMost)),
    });
  const isNews = insertLastOfSlot(of.records, of.slots.slotMs, reading, receivedAt, device, {
    days: wish.days,
    records: recentSamplesAtMost,
  });
  return insertSample(of.slots, panel, reading.evidence) || isNews;
}

/** More come only from a device gone wild. */
const recordsAtMost = 512;

function placeOfDevice(history: History, device: DeviceId, source: SourceId): number {
  const { devices } = history;
  for (let i = 0; i < devices.length; i++) if (devices[i]!.device === device && devices[i]!.source === source) return i;
  // a home that changes devices for ever keeps the last place for all further ones
  if (devices.length < devicesAtMost) return devices.push({ device, source }) - 1;
  devices[devicesAtMost - 1] = { device, source };
  return devicesAtMost - 1;
}
const devicesAtMost = 32;

/** What the rules of a book need to be kept: each knows how far it looks back at most, whatever a care plan sets. */
export function keptFor(book: readonly Rule[], daysOf: (rule: Rule) => number): Kept {
  const kept = new Map<PanelName, { days: number }>();
  for (const rule of book)
    for (const panel of rule.panels) {
      const days = Math.max(daysOf(rule), kept.get(panel)?.days ?? 0);
      kept.set(panel, { days });
    }
  return kept;
}

/** Packed bytes; what the objects around them weigh is measured by `npm run bench:rules`. */
export function bytesOf(history: History): number {
  let bytes = 0;
  for (const { records, slots } of history.panels.values())
    bytes += bytesOfRecords(records) + (slots ? bytesOfSlots(slots) : 0);
  return bytes;
}
