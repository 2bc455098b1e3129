import type { Mark } from '#domain/reading.ts';
import type { PanelName, VitalName } from '#domain/vitals.ts';
import type { Words } from '#domain/words.ts';
import type { Limit } from './limits.ts';
import type { Silence } from './rule.ts';

/** The mean of some days, with what it rests on. */
export type Average = { mean: Partial<Record<VitalName, number>>; readings: number; days: number };

/** What a combinator found, in numbers: the words for it are made in one place (`explainFinding`), in both languages. */
export type Finding =
  /** `beyond` of the last `of` readings, over `spanMs`; `marks`: those they came with, where the rule is about marks. */
  | { ground: 'repeated'; beyond: number; of: number; spanMs: number; marks: readonly Mark[] }
  /** `worst` is the value furthest beyond its limit. */
  | { ground: 'sustained'; limit: Limit; worst: number; latest: number; samples: number; spanMs: number }
  | { ground: 'average'; now: Average; before: Average | undefined; days: number }
  /** `latest` against the `median` of `readings` of the last `days`; in the vital's unit. */
  | { ground: 'change'; vital: VitalName; latest: number; median: number; readings: number; days: number }
  /** `perMinute` in the vital's unit; the limit is reached in `inMinutes`. */
  | { ground: 'forecast'; limit: Limit; latest: number; perMinute: number; inMinutes: number }
  /** Percent of the samples of `days`, of which `coverage` percent were measured; `low`, `high`: the bounds that counted. */
  | {
      ground: 'share';
      vital: VitalName;
      of: 'in' | 'above' | 'below';
      percent: number;
      coverage: number;
      days: number;
      low: number | undefined;
      high: number | undefined;
    }
  /** `value` in percent (cv) or in the vital's unit (sd). */
  | {
      ground: 'variability';
      vital: VitalName;
      measure: 'cv' | 'sd';
      value: number;
      mean: number;
      readings: number;
      days: number;
    }
  | { ground: 'combination'; measured: { limit: Limit; value: number }[]; spanMs: number }
  | { ground: 'score'; total: number; lines: { name: Words; vital: VitalName; value: number; points: number }[] }
  /** `came` of `expected` measurements, on so many `days` on which anything was expected; on one day no more came than was. */
  | { ground: 'adherence'; panel: PanelName; came: number; expected: number; days: number; percent: number }
  /** `latest`: when the last one was taken, ms since 1970, undefined when none is known; `silentMs` ago. */
  | {
      ground: 'absence';
      panel: PanelName;
      missed: number;
      latest: number | undefined;
      silentMs: number;
      cause: Silence;
    };
