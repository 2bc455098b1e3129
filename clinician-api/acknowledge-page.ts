import type { AlertState, Severity } from '#domain/alert.ts';
import type { Language, Words } from '#domain/words.ts';
import { timeIn } from '#domain/zone.ts';

/**
 * The small page behind the link of a page: who would take what in hand, and a button. It runs no script, so that it works on any
 * telephone, and says of the patient no more than the page that led here.
 */

export type AcknowledgeView = {
  /** Whose link it is. */
  name: Words;
  language: Language;
  alerts: AcknowledgedAlert[];
  /** Where to look, after signing in. */
  consoleUrl: string;
  /** It has become graver, or has called anew, since somebody looked at it: they shall see that before they say yes. */
  changed: boolean;
};

export type AcknowledgedAlert = {
  severity: Severity;
  title: Words;
  state: AlertState;
  /** When it last called. */
  raisedAt: string;
  timeZone: string;
  /** Who has it in hand, or closed it. */
  by: Words | null;
  byThem: boolean;
};

/** What a press of the button answers to: how grave each alert stood on the page, and which call of it that was. */
export const shownAs = (alerts: readonly Pick<AcknowledgedAlert, 'severity' | 'state' | 'raisedAt'>[]): string =>
  alerts.map(({ severity, state, raisedAt }) => `${severity}.${state}.${Date.parse(raisedAt)}`).join(' ');

export function acknowledgePage(view: AcknowledgeView): string {
  const { language, alerts } = view;
  const say = (words: Words) => escaped(words[language]);
  const open = alerts.some(({ state }) => state === 'open');
  return whole(
    language,
    `<h1>${say(open ? question : settled)}</h1>
    ${view.changed ? `<p class="notice" role="alert">${say(graver)}</p>` : ''}
    <ul>${alerts.map((alert) => item(alert, language)).join('')}</ul>
    ${open ? form(view) : ''}
    <p class="also"><a href="${escaped(view.consoleUrl)}">${say(look)}</a></p>`,
  );
}

/** For whoever may not, or not any more. */
export const refusedPage = (why: 'not-a-link' | 'expired' | 'not-permitted' | 'too-many-attempts'): string =>
  whole('en', `<h1>${escaped(refusals[why].zh)}</h1><p lang="en">${escaped(refusals[why].en)}</p>`);

function form({ name, language, alerts }: AcknowledgeView): string {
  const who = escaped(name[language]);
  const [before, after] = language === 'en' ? ['You are ', '.'] : ['您是：', '。'];
  return `<form method="post">
      <p>${before}<strong>${who}</strong>${after}</p>
      <input type="hidden" name="shown" value="${escaped(shownAs(alerts))}">
      <button type="submit">${escaped(take[language])}</button>
      <p class="also">${escaped(meaning[language])}</p>
    </form>`;
}

function item(alert: AcknowledgedAlert, language: Language): string {
  const at = timeIn(alert.timeZone, Date.parse(alert.raisedAt), language);
  return `<li class="${alert.severity}">
      <span class="grave">${escaped(severityNames[alert.severity][language])}</span>
      <strong>${escaped(alert.title[language])}</strong>
      <span class="also">${escaped(`${at} (${alert.timeZone})`)}</span>
      <span class="state">${escaped(standing(alert)[language])}</span>
    </li>`;
}

function standing({ state, by, byThem }: AcknowledgedAlert): Words {
  if (state === 'open') return { en: 'Nobody has it in hand yet.', zh: '尚无人接手。' };
  if (state === 'acknowledged')
    return byThem
      ? { en: 'You have it in hand.', zh: '您已接手。' }
      : { en: `${by?.en ?? 'Somebody'} has it in hand.`, zh: `${by?.zh ?? '同事'}已接手。` };
  return { en: 'It is closed.', zh: '已结案。' };
}

const severityNames: Record<Severity, Words> = {
  critical: { en: 'CRITICAL', zh: '危急' },
  urgent: { en: 'URGENT', zh: '紧急' },
  routine: { en: 'Routine', zh: '常规' },
};

const question: Words = { en: 'Do you take this in hand?', zh: '您是否接手？' };
const settled: Words = { en: 'There is nothing left to take in hand.', zh: '无需再接手。' };
const take: Words = { en: 'Yes, I am on it', zh: '是，由我接手' };
const meaning: Words = {
  en: 'Then nobody else is called. Names and values are shown after signing in.',
  zh: '接手后不再呼叫其他人。姓名与数值请登录后查看。',
};
const look: Words = { en: 'Sign in and look', zh: '登录查看' };
const graver: Words = {
  en: 'This has changed since you opened the page. Look again before you answer.',
  zh: '自您打开此页面后情况已有变化，请再次确认。',
};

const refusals = {
  'not-a-link': {
    en: 'This link is not one of ours, or it was cut off on its way.',
    zh: '链接无效，或在传送中被截断。',
  },
  expired: { en: 'This link is too old. Sign in to see how things stand.', zh: '链接已过期，请登录查看当前情况。' },
  'not-permitted': {
    en: 'This link is not good any more: whoever it was sent to may not act here now.',
    zh: '链接已失效：收件人目前无权处理。',
  },
  'too-many-attempts': { en: 'Too many tries. Wait a minute.', zh: '尝试次数过多，请稍候一分钟。' },
} satisfies Record<string, Words>;

const whole = (language: Language, body: string): string => `<!doctype html>
<html lang="${language === 'en' ? 'en' : 'zh-CN'}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="robots" content="noindex">
  <title>Hearthbeat</title>
  <link rel="icon" href="/favicon.svg">
  <style>
    :root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, "Noto Sans SC", sans-serif; }
    body { margin: 0 auto; max-width: 32rem; padding: 1.5rem 1.25rem; }
    h1 { font-size: 1.375rem; }
    ul { list-style: none; margin: 0; padding: 0; }
    li { border-inline-start: 0.375rem solid #767676; display: grid; gap: 0.125rem; margin: 0 0 1rem; padding: 0.25rem 0 0.25rem 0.875rem; }
    li.critical { border-color: #c81e1e; }
    li.urgent { border-color: #b45309; }
    .grave { font-weight: 700; }
    .also { font-size: 0.9375rem; opacity: 0.85; }
    .notice { border: 2px solid #b45309; border-radius: 0.5rem; padding: 0.75rem; }
    button { background: #0b5d51; border: 0; border-radius: 0.5rem; color: #fff; cursor: pointer; font: inherit; font-weight: 600; min-height: 3.25rem; width: 100%; }
    button:focus-visible, a:focus-visible { outline: 3px solid #1d4ed8; outline-offset: 2px; }
  </style>
</head>
<body>
  <main>
    ${body}
  </main>
</body>
</html>
`;

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
