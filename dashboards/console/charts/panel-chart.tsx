import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type PanelName, panels, type VitalName } from '#domain/vitals.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useUnits } from '../parts/units.tsx';
import { useZone } from '../parts/zone.ts';
import { dayOfMonth, timeOfDay } from '../time/format.ts';
import { coloursOf, draw, labelRoomPx, type Sheet } from './drawing.ts';
import { type Limit, type Point, scaleOf } from './points.ts';

/** What goes up and down within a day wants more room. */
const tall: readonly PanelName[] = ['blood-pressure', 'glucose', 'continuous-glucose'];
const heightPx = (panel: PanelName): number => (tall.includes(panel) ? 320 : 240);

type Chart = {
  panel: PanelName;
  points: Point[];
  windowMs: number;
  limits: Limit[];
  alerts: number[];
  from: number;
  to: number;
};

/** A panel over time. uPlot draws on a canvas, which nobody can read aloud: a table with the same values stands beside it. */
export function PanelChart(chart: Chart) {
  const { t, say, language } = useLanguage();
  const zone = useZone();
  const units = useUnits();
  const scheme = useComputedColorScheme('light');
  const place = useRef<HTMLDivElement>(null);
  const [pointedAt, setPointedAt] = useState<Point | null>(null);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const drawn: readonly VitalName[] = panels[chart.panel].required;
    const { points, limits, alerts, windowMs, from, to } = chart;
    // what was measured this minute must not stick to the edge
    const air = ((to - from) / 1000) * 0.015;
    const names = t('vitalShort', { returnObjects: true });
    const sheet: Sheet = { points, limits, alerts, drawn, windowMs, names, units };
    // asked for here, so that a change of the colour scheme draws anew
    const colours = { ...coloursOf(element), scheme };
    const inShownUnit = (vital: VitalName, value: number | undefined) =>
      value === undefined ? null : units.inUnit(vital, value);
    const font = getComputedStyle(element).fontFamily;
    const axis = { stroke: colours.quiet, grid: { stroke: colours.grid, width: 1 }, font: `12px ${font}` };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: heightPx(chart.panel),
        padding: [10, limits.length > 0 ? labelRoomPx : 16, 0, 0],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
        legend: { show: false },
        cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { show: false } },
        scales: {
          x: { time: true, range: () => [from / 1000 - air, to / 1000 + air] },
          y: { range: () => scaleOf(sheet, units) },
        },
        axes: [
          {
            ...axis,
            ticks: { stroke: colours.grid },
            space: 64,
            size: 34,
            values: (_chart, splits) =>
              labelsOf(splits, (at, day) => (day ? dayOfMonth : timeOfDay)(at, language, zone)),
          },
          { ...axis, size: 40, ticks: { show: false }, values: (_chart, splits) => inSameDigits(splits) },
        ],
        series: [{}, ...drawn.map(() => ({ paths: () => null, points: { show: false } }))],
        hooks: {
          draw: [(self) => draw(self, sheet, colours, font)],
          setCursor: [(self) => setPointedAt(self.cursor.idx == null ? null : (points[self.cursor.idx] ?? null))],
        },
      },
      [
        points.map((point) => point.at / 1000),
        ...drawn.map((vital) => points.map(({ values }) => inShownUnit(vital, values[vital]?.mean))),
      ],
      element,
    );
    const watcher = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: heightPx(chart.panel) }),
    );
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
    };
  }, [chart, t, language, zone, units, scheme]);

  const name = say(panels[chart.panel].name);
  return (
    <figure className="stack" style={{ gap: 8 }}>
      <Legend {...chart} />
      <div className="chart" ref={place} role="img" aria-label={t('patient.chartOf', { name })} />
      <div className="readout" aria-hidden>
        {pointedAt && <Readout point={pointedAt} panel={chart.panel} />}
      </div>
    </figure>
  );
}

/** Ticks at midnight carry the day, others the time; where all ticks are midnights, all carry the day. */
function labelsOf(splits: number[], label: (at: number, day: boolean) => string): string[] {
  const apart = (splits[1] ?? 0) - (splits[0] ?? 0);
  return splits.map((seconds) => {
    const time = label(seconds * 1000, false);
    return apart >= 86_400 || time === '00:00' ? label(seconds * 1000, true) : time;
  });
}

function inSameDigits(splits: number[]): string[] {
  const digits = Math.max(0, ...splits.map((value) => String(value).split('.')[1]?.length ?? 0));
  return splits.map((value) => value.toFixed(digits));
}

function Readout({ point, panel }: { point: Point; panel: PanelName }) {
  const { t } = useLanguage();
  const times = useTimes();
  const { shown, unitOf } = useUnits();
  const drawn: readonly VitalName[] = panels[panel].required;
  const values = drawn.flatMap((vital) => {
    const value = point.values[vital];
    if (!value) return [];
    const [low, high] = [shown(vital, value.min), shown(vital, value.max)];
    return [`${shown(vital, value.mean, value.decimals)}${low === high ? '' : ` (${low}–${high})`}`];
  });
  return (
    <>
      <span className="muted">{times.moment(point.at, point.at)}</span> <b>{values.join(' / ')}</b>{' '}
      {unitOf(drawn[0] ?? 'systolic')}
      {point.doubtful && <span className="muted"> ({t('artefact')})</span>}
    </>
  );
}

function Legend({ panel, windowMs, limits, alerts, points }: Chart) {
  const { t } = useLanguage();
  const { unitOf } = useUnits();
  const drawn: readonly VitalName[] = panels[panel].required;
  const colour = ['var(--line-a)', 'var(--line-b)'];
  return (
    <figcaption className="legend">
      {drawn.map((vital, i) => (
        <span key={vital}>
          <svg width="22" height="12" aria-hidden>
            <line x1="0" x2="22" y1="6" y2="6" stroke={colour[i]} strokeWidth="1.5" />
            {i === 0 ? (
              <circle cx="11" cy="6" r="4" fill={colour[i]} />
            ) : (
              <rect x="7.5" y="2.5" width="7" height="7" fill={colour[i]} />
            )}
          </svg>
          {t(`vitalShort.${vital}`)} ({unitOf(vital)})
        </span>
      ))}
      {windowMs > 0 && (
        <span>
          <svg width="22" height="12" aria-hidden>
            <rect width="22" height="12" fill={colour[0]} opacity="0.25" />
          </svg>
          {t('patient.legend.range')}
        </span>
      )}
      {limits.length > 0 && (
        <span>
          <svg width="22" height="12" aria-hidden>
            <line x1="0" x2="22" y1="6" y2="6" stroke="var(--limit)" strokeWidth="1.5" strokeDasharray="6 3" />
          </svg>
          {t('patient.legend.limit')}
        </span>
      )}
      {alerts.length > 0 && (
        <span>
          <svg width="12" height="12" aria-hidden>
            <polygon points="0,0 12,0 6,10" fill="var(--critical-solid)" />
          </svg>
          {t('patient.legend.alert')}
        </span>
      )}
      {points.some((point) => point.doubtful) && (
        <span>
          <svg width="12" height="12" aria-hidden>
            <circle cx="6" cy="6" r="4" fill="none" stroke={colour[0]} strokeWidth="1.5" />
          </svg>
          {t('patient.legend.artefact')}
        </span>
      )}
    </figcaption>
  );
}
