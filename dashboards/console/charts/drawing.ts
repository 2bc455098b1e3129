import type uPlot from 'uplot';
import type { VitalName } from '#domain/vitals.ts';
import type { Units } from '../parts/shown.ts';
import type { Limit, Point } from './points.ts';

/** The strokes of a panel chart on uPlot's canvas. Sizes are CSS pixels times the screen's pixel ratio. */

export type Colours = { lines: string[]; limit: string; quiet: string; grid: string; surface: string; alert: string };
export type Sheet = {
  points: Point[];
  limits: Limit[];
  alerts: number[];
  drawn: readonly VitalName[];
  windowMs: number;
  names: Record<VitalName, string>;
  units: Units;
};

export function coloursOf(place: Element): Colours {
  const styles = getComputedStyle(place);
  const colour = (name: string) => styles.getPropertyValue(name).trim();
  return {
    lines: [colour('--line-a'), colour('--line-b')],
    limit: colour('--limit'),
    quiet: colour('--ink-2'),
    grid: colour('--grid'),
    surface: colour('--surface'),
    alert: colour('--critical-solid'),
  };
}

export function draw(chart: uPlot, sheet: Sheet, colours: Colours, fontFamily: string): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const x = (at: number) => chart.valToPos(at / 1000, 'x', true);
  const y = (vital: VitalName, value: number) => chart.valToPos(sheet.units.inUnit(vital, value), 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();

  for (const limit of sheet.limits) {
    ctx.strokeStyle = ctx.fillStyle = limit.strong ? colours.limit : colours.quiet;
    ctx.lineWidth = (limit.strong ? 1.5 : 1) * ratio;
    ctx.setLineDash(limit.strong ? [8 * ratio, 4 * ratio] : [2 * ratio, 4 * ratio]);
    line(ctx, bbox.left, y(limit.vital, limit.value), bbox.left + bbox.width, y(limit.vital, limit.value));
    ctx.setLineDash([]);
  }

  for (const at of sheet.alerts) {
    ctx.strokeStyle = ctx.fillStyle = colours.alert;
    ctx.lineWidth = ratio;
    line(ctx, x(at), bbox.top, x(at), bbox.top + bbox.height);
    const side = 6 * ratio;
    ctx.beginPath();
    ctx.moveTo(x(at) - side, bbox.top);
    ctx.lineTo(x(at) + side, bbox.top);
    ctx.lineTo(x(at), bbox.top + side * 1.6);
    ctx.fill();
  }

  if (sheet.drawn.length === 2) {
    // the pulse pressure: from systolic down to diastolic, as on paper charts
    ctx.strokeStyle = colours.grid;
    ctx.lineWidth = 3 * ratio;
    for (const point of sheet.points) {
      const [upper, lower] = sheet.drawn.flatMap((vital) => {
        const value = point.values[vital];
        return value ? [y(vital, value.mean)] : [];
      });
      if (upper !== undefined && lower !== undefined) line(ctx, x(point.at), upper, x(point.at), lower);
    }
  }

  sheet.drawn.forEach((vital, i) => {
    const colour = colours.lines[i] ?? colours.quiet;
    const series = sheet.points.flatMap((point) => {
      const value = point.values[vital];
      return value ? [{ ...value, at: point.at, doubtful: point.doubtful }] : [];
    });
    ctx.strokeStyle = ctx.fillStyle = colour;
    if (sheet.windowMs > 0) {
      ctx.globalAlpha = 0.25;
      const half = sheet.windowMs / 2;
      for (const { at, min, max } of series)
        ctx.fillRect(
          x(at - half),
          y(vital, max),
          Math.max(ratio, x(at + half) - x(at - half)),
          Math.max(ratio, y(vital, min) - y(vital, max)),
        );
      ctx.globalAlpha = 1;
    }
    ctx.lineWidth = 1.5 * ratio;
    ctx.beginPath();
    // a value that may be an artefact stands for itself and bends no line
    series
      .filter((one) => !one.doubtful)
      .forEach((one, k) => {
        if (k === 0) ctx.moveTo(x(one.at), y(vital, one.mean));
        else ctx.lineTo(x(one.at), y(vital, one.mean));
      });
    ctx.stroke();
    if (sheet.windowMs > 0) return;
    const radius = (series.length > 150 ? 2 : series.length > 60 ? 3 : 4) * ratio;
    for (const one of series) {
      ctx.beginPath();
      if (i === 0) ctx.arc(x(one.at), y(vital, one.mean), radius, 0, 2 * Math.PI);
      else ctx.rect(x(one.at) - radius * 0.88, y(vital, one.mean) - radius * 0.88, radius * 1.76, radius * 1.76);
      ctx.fillStyle = one.doubtful ? colours.surface : colour;
      ctx.fill();
      ctx.stroke();
    }
  });
  ctx.restore();
  label(chart, sheet, colours, `${11 * ratio}px ${fontFamily}`);
}

/** Room to the right of the values for the names of the limits, CSS pixels: inside the chart they would hide values. */
export const labelRoomPx = 76;

/** Beside each limit its name; where two lie close together the lower gives way. */
function label({ ctx, bbox, valToPos }: uPlot, sheet: Sheet, colours: Colours, font: string): void {
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = font;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  let above = Number.NEGATIVE_INFINITY;
  for (const limit of sheet.limits.toSorted((a, b) => b.value - a.value)) {
    above = Math.max(valToPos(sheet.units.inUnit(limit.vital, limit.value), 'y', true), above + 13 * ratio);
    ctx.fillStyle = limit.strong ? colours.limit : colours.quiet;
    ctx.fillText(nameOf(limit, sheet), bbox.left + bbox.width + 5 * ratio, above);
  }
  ctx.restore();
}

/** `SYS ≥ 180`; alone in its chart a vital sign needs no name. In the unit in which it was set a limit stands as it was set. */
function nameOf({ vital, value, side }: Limit, { drawn, names, units }: Sheet): string {
  const told = units.inUnit(vital, value) === value ? String(value) : units.shown(vital, value);
  return `${drawn.length > 1 ? `${names[vital]} ` : ''}${side === 'above' ? '≥' : '<'} ${told}`;
}

function line(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}
