import type { SourceId } from '#domain/ids.ts';
import { instant } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { type Item, keyOf } from './item.ts';

/** A home that takes part: one source, a watch and a cuff of one patient. */
export type Home = { source: SourceId; secret: string; watch: string; cuff: string; patient: string };

const secondMs = 1_000;

/** What is measured in a home, by chance: nothing twice, except by a cuff that tells again what it has told. */
export function createMeasuring(home: Home, random: Random, now: () => number) {
  let number = 0;
  let last = 0;
  let told: Item | undefined;
  const whole = (below: number) => Math.floor(random.next() * below);
  /** No two samples of one home are of the same millisecond. */
  const moment = (span = 1) => {
    last = Math.max(now(), last + 1);
    const from = last;
    last += span;
    return from;
  };
  const itemOf = (rest: Pick<Item, 'reading' | 'series' | 'samples' | 'bad'>): Item => ({
    source: home.source,
    ref: (rest.reading ?? rest.series)!.ref,
    sendings: 0,
    ...rest,
  });
  const nextRef = () => `${home.source}-${++number}`;

  return {
    next(): Item {
      const kind = random.next();
      if (kind < 0.08) return series();
      if (kind < 0.2) {
        told = cuff(112 + whole(15), 68 + whole(10));
        return told;
      }
      if (kind < 0.24 && told) return again(told);
      if (kind < 0.28) return bad();
      return beat(home.watch, 55 + whole(60), false);
    },
    /** Two severe pressures, one minute apart: somebody must be called. */
    crisis: (): Item[] => {
      const at = moment();
      return [pressure(204, 126, at - 70 * secondMs), pressure(206, 128, at)];
    },
  };

  function beat(device: string, value: number, isBad: boolean): Item {
    const takenAt = instant(moment());
    return itemOf({
      reading: {
        ref: nextRef(),
        device: device as never,
        panel: 'heart-rate',
        values: [{ vital: 'heart-rate', value, unit: '/min' }],
        takenAt,
        clock: 'source',
        heardAt: takenAt,
      },
      samples: isBad ? [] : [{ key: keyOf('heart-rate', device, takenAt), panel: 'heart-rate', value }],
      bad: isBad,
    });
  }

  function bad(): Item {
    return random.next() < 0.5 ? beat(home.watch, 999, true) : beat(`${home.watch}-unknown`, 70, true);
  }

  function series(): Item {
    const count = 2 + whole(40);
    const stepMs = 20;
    const from = moment(count * stepMs);
    const values = Array.from({ length: count }, () => 55 + whole(60));
    return itemOf({
      series: {
        ref: nextRef(),
        device: home.watch as never,
        panel: 'heart-rate',
        start: instant(from),
        stepMs,
        columns: [{ vital: 'heart-rate', unit: '/min', values }],
        clock: 'source',
        heardAt: instant(from),
        marks: [],
      },
      samples: values.map((value, n) => ({
        key: keyOf('heart-rate', home.watch, instant(from + n * stepMs)),
        panel: 'heart-rate' as const,
        value,
      })),
      bad: false,
    });
  }

  /** A cuff with a clock of its own, which does not measure twice in a second. */
  function cuff(systolic: number, diastolic: number): Item {
    const at = moment(secondMs);
    return pressure(systolic, diastolic, at, instant(at).slice(0, 19));
  }

  function pressure(systolic: number, diastolic: number, at: number, deviceTime?: string): Item {
    const takenAt = instant(at);
    return itemOf({
      reading: {
        ref: nextRef(),
        device: home.cuff as never,
        panel: 'blood-pressure',
        values: [
          { vital: 'systolic', value: systolic, unit: 'mm[Hg]' },
          { vital: 'diastolic', value: diastolic, unit: 'mm[Hg]' },
        ],
        ...(deviceTime === undefined ? {} : { deviceTime }),
        takenAt,
        clock: deviceTime === undefined ? 'source' : 'corrected',
        heardAt: takenAt,
      },
      samples: [
        { key: keyOf('blood-pressure', home.cuff, deviceTime ?? takenAt), panel: 'blood-pressure', value: systolic },
      ],
      bad: false,
    });
  }

  /** From its memory, with a clock that is corrected a little differently today. */
  function again({ reading, samples }: Item): Item {
    const takenAt = instant(Date.parse(reading!.takenAt) + 1 + whole(900));
    return itemOf({ reading: { ...reading!, ref: nextRef(), takenAt }, samples, bad: false });
  }
}
