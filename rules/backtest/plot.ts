import type { BacktestReport, Burden } from '#domain/backtest.ts';
import type { Language } from '#domain/words.ts';
import type { Lane } from './lanes.ts';
import type { Span } from './outcome.ts';
import { plotWords, type Texts } from './plot-words.ts';
import type { SeenAlert } from './verdict.ts';

/**
 * What a backtest found as one picture: calls by hour, alerts by week, and when which episode stood, as it is today and with the change. Today is
 * filled, the change is hatched, so that it can be read in print and by who sees no colours; a reader of screens is told the same in words.
 */
export function plotOf(
  report: BacktestReport,
  { lanes, more }: { lanes: readonly Lane[]; more: number },
  /** What problems are called. */
  nameOf: (problem: string, language: Language) => string,
  language: Language,
): string {
  const t = plotWords[language];
  const span = { from: Date.parse(report.from), to: Date.parse(report.to) };
  const { today, proposed } = report.all;
  const height = timelineTop + 46 + lanes.length * laneHeight + 48;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="backtest-title backtest-words" lang="${t.tag}" font-family="'Noto Sans SC', 'Noto Sans', system-ui, sans-serif" font-size="13" fill="${ink}">`,
    `<title id="backtest-title">${xml(t.title(day(report.from), day(report.to)))}</title>`,
    `<desc id="backtest-words">${xml(inWords(report, t))}</desc>`,
    `<defs><pattern id="backtest-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/><rect width="2.4" height="6" fill="${changed}"/></pattern></defs>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(left, 30, xml(t.title(day(report.from), day(report.to))), 'font-size="18" font-weight="600"'),
    text(left, 52, xml(t.scope(report.patients, report.patientWeeks)), `fill="${quiet}"`),
    ...report.changes
      .slice(0, changesAtMost)
      .map((change, i) => text(left + 330, 77 + 18 * i, xml(change[language]), `font-size="12"`)),
    ...legend(t, proposed !== null),
    ...bars({
      x: left,
      width: 440,
      title: t.callsByHour,
      today: today.callsByHour,
      proposed: proposed?.callsByHour,
      label: (i) => (i % 3 === 0 ? `${i}` : undefined),
      tip: (i) => t.hour(i),
      t,
    }),
    ...bars({
      x: 560,
      width: 440,
      title: t.alertsByWeek,
      today: today.alertsByWeek,
      proposed: proposed?.alertsByWeek,
      label: weekLabel(span, today),
      tip: (i) => t.week(day(span.from + i * weekMs)),
      t,
    }),
    ...timeline(lanes, more, span, nameOf, language),
    '</svg>',
  ];
  return parts.join('\n');
}

const [width, left] = [1040, 40];
const [chartTop, chartHeight] = [150, 150];
const timelineTop = 370;
/** The rest stands in the report. */
const changesAtMost = 3;
const laneHeight = 24;
const laneLeft = 300;
const ink = '#1f2328';
const quiet = '#57606a';
const grid = '#d0d7de';
const now = '#1b4965';
const changed = '#bc4c00';
const weekMs = 7 * 86_400_000;

function legend(t: Texts, both: boolean): string[] {
  const entry = (x: number, fill: string, words: string) =>
    `<rect x="${x}" y="66" width="16" height="12" ${fill}/>${text(x + 22, 77, xml(words))}`;
  return both ? [entry(left, filled, t.today), entry(left + 160, hatched, t.proposed)] : [entry(left, filled, t.today)];
}

const filled = `fill="${now}"`;
const hatched = `fill="url(#backtest-hatch)" stroke="${changed}" stroke-width="1"`;

function bars(chart: {
  x: number;
  width: number;
  title: string;
  today: readonly number[];
  proposed: readonly number[] | undefined;
  label: (i: number) => string | undefined;
  tip: (i: number) => string;
  t: Texts;
}): string[] {
  const { x, today, proposed } = chart;
  const most = niceTop(Math.max(1, ...today, ...(proposed ?? [])));
  const base = chartTop + chartHeight;
  const step = chart.width / today.length;
  const thick = Math.max(1, Math.min(28, step * 0.8) / (proposed ? 2 : 1));
  const bar = (i: number, value: number, nth: number, fill: string, who: string) => {
    if (value === 0) return '';
    const tall = (chartHeight * value) / most;
    const at = x + step * i + (step - thick * (proposed ? 2 : 1)) / 2 + nth * thick;
    return `<rect x="${round(at)}" y="${round(base - tall)}" width="${round(thick)}" height="${round(tall)}" ${fill}><title>${xml(`${chart.tip(i)} · ${who}${chart.t.colon}${value}`)}</title></rect>`;
  };
  return [
    text(x, chartTop - 12, xml(chart.title), 'font-weight="600"'),
    ...[0, most / 2, most].flatMap((value) => {
      const y = round(base - (chartHeight * value) / most);
      return [
        `<line x1="${x}" x2="${x + chart.width}" y1="${y}" y2="${y}" stroke="${value === 0 ? quiet : grid}"/>`,
        Number.isInteger(value)
          ? text(x - 6, y + 4, `${value}`, `text-anchor="end" font-size="11" fill="${quiet}"`)
          : '',
      ];
    }),
    ...today.map((value, i) => bar(i, value, 0, filled, chart.t.today)),
    ...(proposed ?? []).map((value, i) => bar(i, value, 1, hatched, chart.t.proposed)),
    ...today.map((_, i) => {
      const label = chart.label(i);
      const at = round(x + step * (i + 0.5));
      return label === undefined
        ? ''
        : text(at, base + 18, xml(label), `text-anchor="middle" font-size="11" fill="${quiet}"`);
    }),
  ].filter((part) => part !== '');
}

const niceTop = (most: number): number => {
  const unit = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 10].map((times) => times * unit).find((top) => top >= most) ?? most;
};

/** At most eight of them, each the day its week begins with. */
const weekLabel =
  (span: Span, { alertsByWeek }: Burden) =>
  (i: number): string | undefined =>
    i % Math.ceil(alertsByWeek.length / 8) === 0 ? day(span.from + i * weekMs).slice(5) : undefined;

function timeline(
  lanes: readonly Lane[],
  more: number,
  span: Span,
  nameOf: (problem: string, language: Language) => string,
  language: Language,
): string[] {
  const t = plotWords[language];
  const top = timelineTop + 30;
  const bottom = top + lanes.length * laneHeight;
  const right = width - left;
  const xOf = (at: number) => laneLeft + ((right - laneLeft) * (clamp(at, span) - span.from)) / (span.to - span.from);
  const ticks = Array.from({ length: 5 }, (_, i) => span.from + ((span.to - span.from) * i) / 4);
  return [
    text(left, timelineTop, xml(t.timeline), 'font-weight="600"'),
    ...(lanes.length === 0 ? [text(left, timelineTop + 26, xml(t.noEpisodes), `fill="${quiet}"`)] : []),
    ...(lanes.length === 0
      ? []
      : ticks.flatMap((at) => [
          `<line x1="${round(xOf(at))}" x2="${round(xOf(at))}" y1="${top - 8}" y2="${bottom}" stroke="${grid}"/>`,
          text(round(xOf(at)), bottom + 16, day(at), `text-anchor="middle" font-size="11" fill="${quiet}"`),
        ])),
    ...lanes.flatMap((lane, i) => {
      const y = top + i * laneHeight;
      const both = lane.proposed !== null;
      const one = (alert: SeenAlert, nth: number, fill: string, who: string) => {
        const [from, to] = [xOf(alert.openedAt), xOf(alert.resolvedAt ?? span.to)];
        const tall = both ? 8 : 12;
        return `<rect x="${round(from)}" y="${y + (both ? 2 + nth * 9 : 4)}" width="${round(Math.max(3, to - from))}" height="${tall}" ${fill}><title>${xml(t.episode(who, t.severity[alert.severity], minute(alert.openedAt), alert.resolvedAt === null ? null : minute(alert.resolvedAt)))}</title></rect>`;
      };
      return [
        text(
          left,
          y + 15,
          xml(`${lane.patient.slice(0, 8)} · ${cut(nameOf(lane.problem, language))}`),
          'font-size="12"',
        ),
        ...lane.today.map((alert) => one(alert, 0, filled, t.today)),
        ...(lane.proposed ?? []).map((alert) => one(alert, 1, hatched, t.proposed)),
      ];
    }),
    ...(more > 0 ? [text(left, bottom + 36, xml(t.more(more)), `fill="${quiet}"`)] : []),
  ];
}

/** For who does not see the picture. */
function inWords({ all, appeared, vanished, proposal }: BacktestReport, t: Texts): string {
  const of = ({ alerts, calls, callsByHour }: Burden) => {
    const night = callsByHour.filter((_, hour) => hour >= 22 || hour < 7).reduce((a, b) => a + b, 0);
    return t.burden(alerts, calls, night);
  };
  const parts = [`${t.today}${t.colon}${of(all.today)}`];
  if (all.proposed) parts.push(`${t.proposed}${t.colon}${of(all.proposed)}`);
  if (proposal) parts.push(t.differences(appeared.count, vanished.count));
  return parts.join(' ');
}

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${x}" y="${y}"${more ? ` ${more}` : ''}>${words}</text>`;
const day = (at: number | string): string => new Date(at).toISOString().slice(0, 10);
const minute = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
const round = (n: number): number => Math.round(n * 10) / 10;
const clamp = (at: number, { from, to }: Span): number => Math.min(to, Math.max(from, at));
const cut = (name: string): string => (name.length > 30 ? `${name.slice(0, 29)}…` : name);
const xml = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
