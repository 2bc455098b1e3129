import type { Evidence } from '#domain/alert.ts';
import { artefactMarks } from '#domain/reading.ts';
import { type PanelName, vitalsOf } from '#domain/vitals.ts';
import { momentOf } from './history-records.ts';

/**
 * What is worn measures all day: of it the last sample of every five minutes is kept, four bytes each (16 kB for two weeks); of a heart rate that of
 * every minute. A slot holds the second within it and the value, in this order of weight, so that the greater number is the later
 * sample: to put a sample in is to take the maximum, which no order of arrival and no repetition can change. Artefacts stay out.
 */
export type Slots = {
  /** What one slot spans. */
  slotMs: number;
  /** A ring: the sample of slot `n`, counted from 1970, stands at `n` modulo its length. 0: nothing. */
  ring: Uint32Array;
  /** The latest slot with a sample, -1 before the first. */
  newest: number;
};

const minuteMs = 60_000;
/** A strap speaks every second and rules on it speak of minutes; a sensor speaks every one to five minutes. */
const slotMinutes: Partial<Record<PanelName, number>> = { 'heart-rate': 1 };
export const slotMsOf = (panel: PanelName): number => (slotMinutes[panel] ?? 5) * minuteMs;
/** Hundredths up to 655.35: enough for mg/dL of a sensor (600) and beats per minute. */
const steps = 100;
const valueBits = 16;
const valueMask = 0xffff;

/** As many slots as the days need, and one day, so that whole days stand between two of them. */
export const createSlots = (panel: PanelName, days: number): Slots => ({
  slotMs: slotMsOf(panel),
  ring: new Uint32Array(Math.ceil(((days + 1) * 86_400_000) / slotMsOf(panel))),
  newest: -1,
});

export const bytesOfSlots = ({ ring }: Slots): number => ring.byteLength;

/** Answers false when it changes nothing. */
export function insertSample(slots: Slots, panel: PanelName, evidence: Evidence): boolean {
  const { values, marks } = evidence;
  const vital = vitalsOf(panel)[0];
  const value = values.find((v) => v.vital === vital)?.value;
  if (value === undefined || marks.some((mark) => artefactMarks.includes(mark))) return false;
  const taken = momentOf(evidence);
  const { ring, slotMs } = slots;
  const slot = Math.floor(taken / slotMs);
  if (slot <= slots.newest - ring.length) return false;
  if (slot > slots.newest) {
    const from = Math.max(slots.newest + 1, slot - ring.length + 1);
    if (slots.newest >= 0) for (let passed = from; passed <= slot; passed++) ring[passed % ring.length] = 0;
    slots.newest = slot;
  }
  const second = Math.floor((taken - slot * slotMs) / 1000);
  const sample = second * 2 ** valueBits + Math.min(valueMask, Math.max(1, Math.round(value * steps)));
  const place = slot % ring.length;
  if (sample <= ring[place]!) return false;
  ring[place] = sample;
  return true;
}

/** NaN where nothing was measured, or so long ago that it is not kept. */
export function valueIn({ ring, newest }: Slots, slot: number): number {
  if (slot > newest || slot <= newest - ring.length || slot < 0) return Number.NaN;
  const sample = ring[slot % ring.length]!;
  return sample === 0 ? Number.NaN : (sample & valueMask) / steps;
}

/** When the sample of the slot was taken, to the second; ms since 1970. */
export const takenIn = ({ ring, slotMs }: Slots, slot: number): number =>
  slot * slotMs + (ring[slot % ring.length]! >>> valueBits) * 1000;
