import type { Pause } from '#domain/care-plan.ts';
import { Expectation, Programme } from '#domain/care-plan.ts';
import type { Mark } from '#domain/reading.ts';
import type { PanelName, VitalName } from '#domain/vitals.ts';
import type { Silence } from '../../rules/rule.ts';

/**
 * The words of the truth table, written so that a doctor reads them. Day 1 begins at +0:00, at midnight.
 *
 * Readings, with a comma between them:
 * - `+1:30 192/121`: taken 1 min 30 s after the beginning; `day 3 7:00 weight 78.4`: at that time of that day.
 * - `glucose 48`, `ketone 3.2`, `SpO2 86`, `weight 78.4`, `temperature 39.2`, `breaths 24`, `oxygen 2`, `coma score 15`, `cgm 62`, `strap 38`;
 *   after a pressure or a saturation also `pulse 120`.
 * - then perhaps a remark of the device (`moving`, `loose cuff`, `irregular pulse` …) and `heard +181:00` or `heard 3 h later`.
 * - `+0:00 cgm 52 every 5 min for 30 min`, `cgm 120 to 60 every 5 min for 30 min`: samples of what is worn, the last one at the end.
 * - `days 8-14 141/86 x4`: two at seven in the morning and two in the evening; x1: one in the morning, x2: two, x3: one more in the evening.
 * - `days 1-14 cgm 150 from 0 to 24`: every five minutes, from that hour to that hour; `cgm 90 and 260 by turns`: an hour each.
 * - `closed +30:00`, `closed day 9 8:00`: a person closes what is open. `until day 5 12:00`: so long nothing else happens.
 * - `enrolled in copd +3:00`, `discharged from copd +3:00`: from then on the care plan has the programme, or has it no more.
 *
 * The care plan: `severe systolic-at-least=160` (rule, parameter), `in copd` (a programme), `expects weight x1`, `paused day 2-9`,
 * `silence of the gateway` (whose silence it is when nothing comes; else the patient's).
 */

export type TableReading = {
  panel: PanelName;
  values: readonly (readonly [VitalName, number])[];
  marks: readonly Mark[];
  takenAt: number;
  receivedAt: number;
};
export type TableHistory = {
  readings: TableReading[];
  closings: number[];
  enrolments: { at: number; programme: Programme; isIn: boolean }[];
  until: number;
};
export type TablePlan = {
  overrides: Record<string, Record<string, number>>;
  programmes: Programme[];
  expected: Expectation[];
  pause: Pause | null;
  silence: Silence;
};

export const tableStart = Date.UTC(2026, 6, 1);
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const marks: Record<string, Mark> = {
  moving: 'body-movement',
  'loose cuff': 'cuff-too-loose',
  'irregular pulse': 'irregular-pulse',
  'poor signal': 'poor-signal',
  'cold finger': 'low-perfusion',
  'bad strip': 'strip-error',
  'device fault': 'device-fault',
  'battery low': 'battery-low',
  'clock in doubt': 'clock-in-doubt',
  'sensor off': 'sensor-off',
  'too high for the meter': 'above-measuring-range',
};

const kinds: Record<string, readonly [PanelName, VitalName]> = {
  glucose: ['glucose', 'glucose'],
  cgm: ['continuous-glucose', 'sensor-glucose'],
  ketone: ['blood-ketone', 'ketone'],
  SpO2: ['pulse-oximetry', 'oxygen-saturation'],
  weight: ['body-weight', 'body-weight'],
  temperature: ['body-temperature', 'body-temperature'],
  breaths: ['respiration', 'respiratory-rate'],
  oxygen: ['oxygen-supply', 'inhaled-oxygen-flow'],
  'coma score': ['consciousness', 'glasgow-coma-score'],
  strap: ['heart-rate', 'heart-rate'],
  'blood pressure': ['blood-pressure', 'systolic'],
};

export function historyIn(text: string): TableHistory {
  const history: TableHistory = { readings: [], closings: [], enrolments: [], until: Number.NaN };
  for (const piece of text.split(', ')) read(piece, history);
  history.readings.sort((a, b) => a.receivedAt - b.receivedAt);
  if (Number.isNaN(history.until))
    history.until = Math.max(tableStart, ...history.readings.map((r) => r.receivedAt), ...history.closings) + 3 * hour;
  return history;
}

const time = String.raw`(?:\+\d+:\d\d|day \d+ \d+:\d\d)`;
const late = String.raw`(?: heard (?<heard>\+\d+:\d\d|\d+ h later))?`;
const markWords = `(?: (?<mark>${Object.keys(marks).join('|')}))?`;
const kindWords = Object.keys(kinds).join('|');
const value = String.raw`(?:(?<systolic>\d+)\/(?<diastolic>\d+)|(?<kind>${kindWords}) (?<value>[\d.]+))(?: pulse (?<pulse>\d+))?`;

const forms = {
  closed: new RegExp(`^closed (?<at>${time})$`),
  until: new RegExp(`^until (?<at>${time})$`),
  enrolment: new RegExp(`^(?<how>enrolled in|discharged from) (?<programme>\\S+) (?<at>${time})$`),
  course: new RegExp(
    String.raw`^(?<at>${time}) (?<kind>cgm|strap) (?<from>[\d.]+)(?: to (?<to>[\d.]+))? every (?<step>\d+) min for (?<length>\d+) min${late}$`,
  ),
  worn: /^days (?<first>\d+)-(?<last>\d+) cgm (?<one>\d+)(?: and (?<other>\d+) by turns)? from (?<begin>\d+) to (?<end>\d+)$/,
  block: new RegExp(`^days (?<first>\\d+)-(?<last>\\d+) ${value} x(?<times>\\d)${markWords}${late}$`),
  one: new RegExp(`^(?<at>${time}) ${value}${markWords}${late}$`),
};

function read(piece: string, history: TableHistory): void {
  for (const [form, pattern] of Object.entries(forms)) {
    const found = pattern.exec(piece)?.groups;
    if (!found) continue;
    if (form === 'closed') history.closings.push(at(found.at!));
    else if (form === 'until') history.until = at(found.at!);
    else if (form === 'enrolment') history.enrolments.push(enrolment(found));
    else if (form === 'course') history.readings.push(...course(found));
    else if (form === 'worn') history.readings.push(...worn(found));
    else if (form === 'block') history.readings.push(...block(found));
    else history.readings.push(measured(found, at(found.at!)));
    return;
  }
  throw new Error(`the truth table has a reading nobody can read: ${piece}`);
}

function at(text: string): number {
  const [, minutes, seconds] = /^\+(\d+):(\d\d)$/.exec(text) ?? [];
  if (minutes) return tableStart + Number(minutes) * minute + Number(seconds) * 1000;
  const [, days, hours, mins] = /^day (\d+) (\d+):(\d\d)$/.exec(text)!;
  return tableStart + (Number(days) - 1) * day + Number(hours) * hour + Number(mins) * minute;
}

type Found = Record<string, string | undefined>;

function measured(found: Found, takenAt: number): TableReading {
  const { heard } = found;
  const later = heard && /^(\d+) h later$/.exec(heard);
  const pulse = found.pulse ? [['pulse-rate', Number(found.pulse)] as const] : [];
  const [panel, vital] = found.kind ? kinds[found.kind]! : (['blood-pressure', 'systolic'] as const);
  return {
    panel,
    values: found.systolic
      ? [['systolic', Number(found.systolic)], ['diastolic', Number(found.diastolic)], ...pulse]
      : [[vital, Number(found.value)], ...pulse],
    marks: found.mark ? [marks[found.mark]!] : [],
    takenAt,
    receivedAt: later ? takenAt + Number(later[1]) * hour : heard ? at(heard) : takenAt + 1_000,
  };
}

const enrolment = ({ how, programme, at: when }: Found) => ({
  at: at(when!),
  programme: Programme.parse(programme),
  isIn: how === 'enrolled in',
});

function course(found: Found): TableReading[] {
  const [step, length] = [Number(found.step), Number(found.length)];
  const [from, to] = [Number(found.from), Number(found.to ?? found.from)];
  const count = Math.floor(length / step);
  return Array.from({ length: count + 1 }, (_, i) => {
    const value = String(Math.round(from + ((to - from) * i) / Math.max(1, count)));
    return measured({ ...found, value }, at(found.at!) + i * step * minute);
  });
}

function worn(found: Found): TableReading[] {
  const readings: TableReading[] = [];
  for (let d = Number(found.first); d <= Number(found.last); d++)
    for (let m = Number(found.begin) * 60; m < Number(found.end) * 60; m += 5) {
      const value = found.other && Math.floor(m / 60) % 2 === 1 ? found.other : found.one;
      readings.push(measured({ kind: 'cgm', value }, tableStart + (d - 1) * day + m * minute));
    }
  return readings;
}

/** Two readings at seven in the morning, two in the evening, as many of them as asked for. */
function block(found: Found): TableReading[] {
  const moments = [7 * 60, 7 * 60 + 2, 19 * 60, 19 * 60 + 2].slice(0, Number(found.times));
  const readings: TableReading[] = [];
  for (let d = Number(found.first); d <= Number(found.last); d++)
    for (const m of moments) readings.push(measured(found, tableStart + (d - 1) * day + m * minute));
  return readings;
}

/** @param nameOf the rule that the table means by a word. */
export function planIn(text: string, nameOf: (word: string) => string): TablePlan {
  const plan: TablePlan = { overrides: {}, programmes: [], expected: [], pause: null, silence: 'patient' };
  for (const piece of text === '' ? [] : text.split(', ')) {
    const [, rule, parameter, set] = /^(\S+) ([a-z-]+)=([\d.]+)$/.exec(piece) ?? [];
    const [, programme] = /^in (\S+)$/.exec(piece) ?? [];
    const [, kind, times, every] = /^expects (.+) x(\d+)(?: every (\d+) days)?$/.exec(piece) ?? [];
    const [, from, until] = /^paused days? (\d+)-(\d+)$/.exec(piece) ?? [];
    const [, silence] = /^silence of the (gateway|device|platform)$/.exec(piece) ?? [];
    if (rule) plan.overrides[nameOf(rule)] = { ...plan.overrides[nameOf(rule)], [parameter!]: Number(set) };
    else if (programme) plan.programmes.push(Programme.parse(programme));
    else if (kind)
      plan.expected.push(
        Expectation.parse({ panel: kinds[kind]?.[0], times: Number(times), everyDays: Number(every ?? 1) }),
      );
    else if (from)
      plan.pause = {
        from: new Date(tableStart + (Number(from) - 1) * day).toISOString(),
        until: new Date(tableStart + Number(until) * day).toISOString(),
        reason: 'holiday',
      };
    else if (silence) plan.silence = silence as Silence;
    else throw new Error(`the truth table has a plan nobody can read: ${piece}`);
  }
  return plan;
}
