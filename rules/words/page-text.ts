import { type Alert, type Evidence, type Severity, severities } from '#domain/alert.ts';
import { ageOn, type CareTeam, type Patient } from '#domain/people.ts';
import { vitalIn } from '#domain/reading.ts';
import { vitals } from '#domain/vitals.ts';
import type { Language, Words } from '#domain/words.ts';
import { dayIn, timeIn, zoneOf } from '#domain/zone.ts';
import { spanText, valueText } from './explain-values.ts';

/** What a page says, to somebody who has just been woken: how grave, what, which call, what to do, where to answer. */

export type PageSubject = {
  alert: Alert;
  /** From 0, through all rounds. */
  call: number;
  /** Until the next call goes out; undefined when this is the last. */
  nextCallMs: number | undefined;
  /** What to do first; null when the rule is not in the book any more. */
  advice: Words | null;
  patient: Patient;
  team: CareTeam;
  url: string;
  /** Null where others read it too. */
  acknowledgeUrl: string | null;
};

/** @param confidential whether names and values may be in it. @param now ms since 1970. */
export function pageText(
  page: PageSubject,
  language: Language,
  confidential: boolean,
  now: number,
): { subject: string; text: string } {
  const say = (words: Words) => words[language];
  const { alert, patient } = page;
  const severity = say(severityNames[alert.severity]);
  const call = say(callName(page.call));
  const who = confidential ? personText(page, language, now) : say(somebody);
  const what = say(alert.title);
  const subject =
    language === 'en'
      ? `${severity}: ${what}${confidential ? `, ${say(patient.name)}` : ''} (${call})`
      : `【${severity}】${what}${confidential ? `，${say(patient.name)}` : ''}（${call}）`;

  const lines = [
    language === 'en' ? `${severity}: ${what}` : `【${severity}】${what}`,
    who,
    '',
    ...(confidential ? [...evidenceLines(page, language), '', say(alert.explanation), ''] : []),
    ...(page.advice ? [say(page.advice), ''] : []),
    ...(page.acknowledgeUrl === null ? [] : [say(acknowledge), page.acknowledgeUrl, '']),
    say(answer),
    page.url,
    '',
    say(standing(page)),
  ];
  return { subject, text: `${lines.join('\n')}\n` };
}

export const severityNames: Record<Severity, Words> = {
  critical: { en: 'CRITICAL', zh: '危急' },
  urgent: { en: 'URGENT', zh: '紧急' },
  routine: { en: 'Routine', zh: '常规' },
};

const somebody: Words = {
  en: 'A patient of your care team needs you. Name and values are behind the link.',
  zh: '您所在照护团队的一位患者需要您处理。姓名与数值请通过链接查看。',
};

const acknowledge: Words = {
  en: 'Take it in hand, so that nobody else is called (the link is for you alone):',
  zh: '请确认接手，以免继续呼叫其他人（此链接仅供您本人使用）：',
};

const answer: Words = {
  en: 'See the alert, after signing in:',
  zh: '登录后查看警报：',
};

function standing({ call, nextCallMs }: PageSubject): Words {
  const name = callName(call);
  if (nextCallMs === undefined)
    return {
      en: `This is the ${name.en}, and the last one.`,
      zh: `这是${name.zh}，也是最后一次呼叫。`,
    };
  const span = spanText(nextCallMs);
  return {
    en: `This is the ${name.en}. If nobody acknowledges, the next call goes out in ${span.en}.`,
    zh: `这是${name.zh}。如无人确认，将于 ${span.zh}后再次呼叫。`,
  };
}

export function callName(call: number): Words {
  const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'];
  const ordinal = ordinals[call];
  return { en: ordinal ? `${ordinal} call` : `call ${call + 1}`, zh: `第 ${call + 1} 次呼叫` };
}

export function personText({ patient, team }: PageSubject, language: Language, now: number): string {
  const today = dayIn(team.timeZone, now);
  const age = ageOn(patient.birthDate, today);
  const sex = sexNames[patient.sex];
  return language === 'en'
    ? `Patient: ${patient.name.en}, ${age} years${sex ? `, ${sex.en}` : ''}`
    : `患者：${patient.name.zh}，${age} 岁${sex ? `，${sex.zh}` : ''}`;
}

const sexNames: Partial<Record<Patient['sex'], Words>> = {
  female: { en: 'female', zh: '女' },
  male: { en: 'male', zh: '男' },
};

export const gravestFirst = (a: PageSubject, b: PageSubject): number =>
  severities.indexOf(b.alert.severity) - severities.indexOf(a.alert.severity);

/** A doctor reads the last few; the whole list is behind the link. */
const linesAtMost = 4;

function evidenceLines({ alert, team }: PageSubject, language: Language): string[] {
  const shown = [...alert.evidence]
    .sort((a, b) => Date.parse(a.takenAt) - Date.parse(b.takenAt))
    .slice(-linesAtMost)
    .map(
      (reading) => `${timeIn(team.timeZone, Date.parse(reading.takenAt), language)}  ${readingText(reading, language)}`,
    );
  return [
    language === 'en' ? `Measured (${zoneOf(team.timeZone)}):` : `测量记录（${zoneOf(team.timeZone)}）：`,
    ...shown,
  ];
}

/** The last of what was measured; undefined where nothing was. */
export const latestLine = (page: PageSubject, language: Language): string | undefined =>
  evidenceLines(page, language).slice(1).at(-1);

function readingText(reading: Evidence, language: Language): string {
  const pulse = vitalIn(reading, 'pulse-rate');
  const marks = reading.marks.includes('irregular-pulse') ? [irregular[language]] : [];
  const parts = [
    valueText(reading, language),
    ...(pulse === undefined
      ? []
      : [`${pulseName[language]} ${pulse.toFixed(vitals['pulse-rate'].decimals)} ${vitals['pulse-rate'].unit}`]),
    ...marks,
  ];
  return parts.join(language === 'en' ? ', ' : '，');
}

const pulseName: Words = { en: 'pulse', zh: '脉率' };
const irregular: Words = { en: 'the device noted an irregular pulse', zh: '设备提示脉搏不规则' };
