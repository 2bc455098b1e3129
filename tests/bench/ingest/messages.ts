import type { SourceId } from '#domain/ids.ts';
import type { ReadingSeries, ReadingsMessage } from '#domain/reading.ts';
import { topicOf } from '#domain/topics.ts';
import { instant } from '#runtime/clock.ts';
import { publishPacket } from '../../support/mqtt-packets.ts';

/**
 * The work that all contenders are given: a watch or a cuff that publishes `samples` readings at a time as JSON, one or ten as readings, more as a
 * series. Every tenth source is a cuff of somebody who is well, so that the judge has work, and tells one pressure at a time; what comes in tens is
 * worn and counts a heart, as the other sources do.
 */
export type BenchSource = { source: SourceId; secret: string; device: string; panel: 'heart-rate' | 'blood-pressure' };

/** From so many samples on a message carries a series. */
const seriesFrom = 60;

export const panelOf = (place: number): BenchSource['panel'] => (place % 10 === 0 ? 'blood-pressure' : 'heart-rate');

/** A PUBLISH packet that is made once and sent again and again: only its packet id, its times and thereby its readings change. */
export type Frame = {
  /** The bytes for this packet id, its samples taken at `takenAt` (ms since 1970) and in the milliseconds after it. */
  at(takenAt: number): Buffer;
};

export function frameOf({ source, device, ...of }: BenchSource, samples: number, id: number): Frame {
  const panel = samples === 1 ? of.panel : 'heart-rate';
  const values = (n: number) =>
    panel === 'heart-rate'
      ? [{ vital: 'heart-rate' as const, value: 62 + (n % 20), unit: '/min' }]
      : [
          { vital: 'systolic' as const, value: 112 + (n % 15), unit: 'mm[Hg]' },
          { vital: 'diastolic' as const, value: 68 + (n % 10), unit: 'mm[Hg]' },
        ];
  const common = { device, panel, clock: 'source' as const, heardAt: instant(Date.now()) };
  const message: ReadingsMessage =
    samples >= seriesFrom
      ? { v: 1, readings: [], series: [{ ...common, ref: `${id}`, start: marker, stepMs: 1, columns: columnsOf() }] }
      : {
          v: 1,
          readings: Array.from({ length: samples }, (_, n) => ({
            ...common,
            ref: `${id}-${n}`,
            values: values(id + n),
            takenAt: marker,
          })),
        };
  const packet = publishPacket({ topic: topicOf(source, 'readings'), payload: JSON.stringify(message), qos: 1, id });
  const places: number[] = [];
  for (let at = packet.indexOf(marker); at >= 0; at = packet.indexOf(marker, at + 1)) places.push(at);
  return {
    at: (takenAt) => {
      for (let n = 0; n < places.length; n++) packet.write(instantText(takenAt + n), places[n]!, 'latin1');
      return packet;
    },
  };

  function columnsOf(): ReadingSeries['columns'] {
    const all = Array.from({ length: samples }, (_, n) => values(n));
    return all[0]!.map(({ vital, unit }, column) => ({
      vital,
      unit,
      values: all.map((some) => some[column]!.value),
    }));
  }
}

/** As long as an instant, and found nowhere else in a message. */
const marker = '2000-01-01T00:00:00.000Z';

let second = 0;
let secondText = '';
/** `instant`, thirty times as fast for times that follow each other. */
function instantText(ms: number): string {
  const now = Math.floor(ms / 1_000);
  if (now !== second) {
    second = now;
    secondText = instant(now * 1_000).slice(0, 20);
  }
  return `${secondText}${String(ms - now * 1_000).padStart(3, '0')}Z`;
}
