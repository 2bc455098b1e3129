import type { PatientView, ReadingsView } from '#domain/views.ts';
import { type PanelName, panels, type VitalName, vitals } from '#domain/vitals.ts';
import { isArtefact } from '../parts/pressure.tsx';
import type { Units } from '../parts/shown.ts';

/** From answers of the API to what a chart draws, in the catalogue's units until it is drawn. Pure. */

/** One place on the time axis, ms since 1970: a reading (then the three numbers are one), or a window and its middle. */
export type Point = {
  at: number;
  values: Partial<Record<VitalName, { mean: number; min: number; max: number; decimals?: number }>>;
  doubtful: boolean;
};

/** Oldest first, as charts want it. */
export function pointsOf(view: ReadingsView): Point[] {
  if (view.resolution === 'windows')
    return view.windows.map((window) => ({
      at: Date.parse(window.from) + view.windowMs / 2,
      values: window.values,
      doubtful: false,
    }));
  return view.readings
    .map((reading) => ({
      at: Date.parse(reading.takenAt),
      values: Object.fromEntries(
        reading.values.map(({ vital, value, decimals }) => [vital, { mean: value, min: value, max: value, decimals }]),
      ),
      doubtful: isArtefact(reading.marks),
    }))
    .sort((a, b) => a.at - b.at);
}

/** A line across the chart. `strong`: the limit whose breach is critical. */
export type Limit = { vital: VitalName; value: number; side: 'above' | 'below'; strong: boolean };

/** The limits that judge this patient, from the rules and the care plan. */
export function limitsOf(rules: PatientView['rules'], panel: PanelName): Limit[] {
  const drawn: readonly VitalName[] = panels[panel].required;
  const limits = rules.flatMap((rule) =>
    rule.parameters.flatMap(({ name, limits: limit }): Limit[] => {
      const value = rule.inForce[name];
      if (!limit || value === undefined || !drawn.includes(limit.vital)) return [];
      return [{ ...limit, value, strong: rule.severity === 'critical' }];
    }),
  );
  const distinct = new Map(limits.map((limit) => [`${limit.vital} ${limit.side} ${limit.value}`, limit]));
  return [...distinct.values()];
}

/**
 * From the lowest to the highest of values and limits, with some air, and never beyond what can be; in the unit that is shown. In steps of ten;
 * of one for what is shown in tenths, where half a degree or a kilogram is news.
 */
export function scaleOf(
  { points, limits, drawn }: { points: Point[]; limits: Limit[]; drawn: readonly VitalName[] },
  { inUnit, digitsOf }: Units,
): [low: number, high: number] {
  const values = points.flatMap((point) =>
    drawn.flatMap((vital) => {
      const value = point.values[vital];
      return value ? [inUnit(vital, value.min), inUnit(vital, value.max)] : [];
    }),
  );
  const all = [...values, ...limits.map(({ vital, value }) => inUnit(vital, value))];
  if (all.length === 0) return [0, 100];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const most = Math.min(...drawn.map((vital) => inUnit(vital, vitals[vital].hard[1])));
  const [step, air] = drawn.some((vital) => digitsOf(vital) > 0) ? [1, 0.4] : [10, 4];
  return [Math.floor((low - air) / step) * step, Math.min(most, Math.ceil((high + air) / step) * step)];
}
