import { isDeepStrictEqual } from 'node:util';
import type { BacktestReport, Burden, ReplayedEpisode } from '#domain/backtest.ts';
import type { Language } from '#domain/words.ts';
import { plotWords, type Texts } from './plot-words.ts';

/** A report as a doctor reads it in a terminal: a line for each rule, and beneath it how it would be with the change. */
export function tableOf(report: BacktestReport, language: Language): string {
  const t = plotWords[language];
  const { people } = report;
  const assumed = [t.people.acknowledge(people.acknowledgeAfterMinutes), t.people.close(people.closeAfterHours)];
  const spoke = report.rules.filter(
    ({ today, proposed }) => today.alerts + (proposed?.alerts ?? 0) > 0 || missed(today),
  );
  const hasTruth = report.all.today.truth !== null;
  const rows = [
    headOf(t, hasTruth),
    ...spoke.flatMap(({ title, severity, today, proposed }) => [
      [t.graded(title[language], t.severity[severity]), ...cellsOf(today, t, hasTruth)],
      // where nothing changes, nothing is said twice
      ...(proposed && !isDeepStrictEqual(proposed, today)
        ? [[`  ${t.proposed}`, ...cellsOf(proposed, t, hasTruth)]]
        : []),
    ]),
    [t.all, ...cellsOf(report.all.today, t, hasTruth)],
    ...(report.all.proposed ? [[`  ${t.proposed}`, ...cellsOf(report.all.proposed, t, hasTruth)]] : []),
  ];
  return [
    t.title(report.from.slice(0, 10), report.to.slice(0, 10)),
    `${t.scope(report.patients, report.patientWeeks)}${t.people.and}${t.readings(report.readings)}`,
    t.people.assumed(assumed.join(t.people.and)),
    ...report.changes.map((change) => `${t.proposed}${t.colon}${change[language]}`),
    '',
    ...aligned(rows),
    '',
    `${t.callHours}${t.colon}`,
    ...hoursOf(report.all.today, t.today),
    ...(report.all.proposed ? hoursOf(report.all.proposed, t.proposed) : []),
    ...(report.proposal
      ? [
          '',
          ...episodesOf(t.appeared, report.appeared, report, language),
          ...episodesOf(t.vanished, report.vanished, report, language),
        ]
      : []),
  ].join('\n');
}

const missed = ({ truth }: Burden): boolean => truth !== null && truth.detectable > 0;

function headOf({ columns }: Texts, hasTruth: boolean): string[] {
  const { rule, alerts, perWeek, calls, night, cleared, found, delay, needless } = columns;
  const head = [rule, alerts, perWeek, calls, night, cleared];
  return hasTruth ? [...head, found, delay, needless] : head;
}

function cellsOf(burden: Burden, t: Texts, hasTruth: boolean): string[] {
  const { alerts, alertsPerPatientWeek, calls, callsByHour, clearedShare, truth } = burden;
  const night = callsByHour.filter((_, hour) => hour >= 22 || hour < 7).reduce((a, b) => a + b, 0);
  const cells = [`${alerts}`, alertsPerPatientWeek.toFixed(3), `${calls}`, `${night}`, percent(clearedShare)];
  if (!hasTruth) return cells;
  const found =
    truth && truth.detectable > 0 ? `${truth.found}/${truth.detectable} ${percent(truth.sensitivity)}` : '–';
  const delay = truth?.fromDetectableMinutes ? t.minutes(truth.fromDetectableMinutes.median) : '–';
  return [...cells, found, delay, percent(truth?.needless ?? null)];
}

const percent = (share: number | null): string => (share === null ? '–' : `${Math.round(100 * share)} %`);

/** The first column left, the others right. Chinese characters are twice as wide as others. */
function aligned(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => widthOf(row[i] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const room = ' '.repeat((widths[i] ?? 0) - widthOf(cell));
        return i === 0 ? cell + room : room + cell;
      })
      .join('  '),
  );
}

const widthOf = (text: string): number =>
  [...text].reduce((sum, character) => sum + (/[\u2e80-\u9fff\uff00-\uff60]/.test(character) ? 2 : 1), 0);

const blocks = '▁▂▃▄▅▆▇█';
function hoursOf({ callsByHour }: Burden, who: string): string[] {
  const most = Math.max(1, ...callsByHour);
  const bars = callsByHour.map((calls) => (calls === 0 ? '·' : blocks[Math.ceil((8 * calls) / most) - 1])).join('');
  return [`  0h ${bars} 24h  ${who}`];
}

/** As many as a screen holds. */
const shownAtMost = 20;
function episodesOf(
  title: string,
  { count, episodes }: BacktestReport['appeared'],
  { rules }: BacktestReport,
  language: Language,
): string[] {
  const t = plotWords[language];
  const nameOf = (rule: string) => rules.find((one) => one.rule === rule)?.title[language] ?? rule;
  const line = ({ patient, rule, severity, openedAt, calls }: ReplayedEpisode) =>
    `  ${openedAt.slice(0, 16).replace('T', ' ')}  ${patient.slice(0, 8)}  ${t.graded(nameOf(rule), t.severity[severity])}${t.people.and}${t.columns.calls} ${calls}`;
  return [`${title}${t.colon}${count}`, ...episodes.slice(0, shownAtMost).map(line)];
}
