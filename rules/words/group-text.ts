import type { Language, Words } from '#domain/words.ts';
import {
  callName,
  gravestFirst,
  latestLine,
  type PageSubject,
  pageText,
  personText,
  severityNames,
} from './page-text.ts';

/** What one message says of several alerts: how many and how grave, then each in a few lines with links of its own. */

/** Whoever was just woken reads no more; the rest stands in the worklist. */
const toldAtMost = 10;

/**
 * Of one alert or of several. @param worklistUrl where all of them stand. @param confidential whether names and values may be in it.
 * @param now ms since 1970.
 */
export function messageText(
  pages: readonly PageSubject[],
  worklistUrl: string,
  language: Language,
  confidential: boolean,
  now: number,
): { subject: string; text: string } {
  const [first, ...others] = pages.toSorted(gravestFirst);
  if (!first) throw new Error('a message is about an alert');
  if (others.length === 0) return pageText(first, language, confidential, now);
  const all = [first, ...others];
  const say = (words: Words) => words[language];
  const severity = say(severityNames[first.alert.severity]);
  const many = say(howMany(all));
  const heading = language === 'en' ? `${severity}: ${many}` : `【${severity}】${many}`;
  const left = all.length - toldAtMost;
  const lines = [
    heading,
    ...(confidential ? [] : [say(behindLinks)]),
    '',
    ...all.slice(0, toldAtMost).flatMap((page, i) => [...told(page, i + 1, language, confidential, now), '']),
    ...(left > 0 ? [say({ en: `And ${left} more.`, zh: `另有 ${left} 项。` }), ''] : []),
    say(worklist),
    worklistUrl,
  ];
  return { subject: heading, text: `${lines.join('\n')}\n` };
}

function howMany(pages: readonly PageSubject[]): Words {
  const patients = new Set(pages.map(({ patient }) => patient.id)).size;
  return {
    en: `${pages.length} alerts, ${patients === 1 ? 'one patient' : `${patients} patients`}`,
    zh: `${patients} 位患者共 ${pages.length} 项警报`,
  };
}

function told(page: PageSubject, number: number, language: Language, confidential: boolean, now: number): string[] {
  const { alert, acknowledgeUrl, url } = page;
  const en = language === 'en';
  const [severity, what, call] = [severityNames[alert.severity], alert.title, callName(page.call)].map(
    (w) => w[language],
  );
  const latest = confidential ? latestLine(page, language) : undefined;
  return [
    en ? `${number}. ${severity}: ${what} (${call})` : `${number}. 【${severity}】${what}（${call}）`,
    ...(confidential ? [personText(page, language, now)] : []),
    ...(latest === undefined ? [] : [latest]),
    ...(acknowledgeUrl === null ? [] : [`${acknowledge[language]}${acknowledgeUrl}`]),
    `${see[language]}${url}`,
  ];
}

const behindLinks: Words = {
  en: 'Names and values are behind the links.',
  zh: '姓名与数值请通过链接查看。',
};
const acknowledge: Words = { en: 'Take it in hand (for you alone): ', zh: '确认接手（仅供您本人使用）：' };
const see: Words = { en: 'See it: ', zh: '查看：' };
const worklist: Words = { en: 'All of them, after signing in:', zh: '登录后查看全部：' };
