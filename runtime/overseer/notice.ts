import { nameOfComponent, type PlatformAlert, platformTroubles } from '#domain/platform.ts';
import type { Language } from '#domain/words.ts';
import type { KeptAlert } from '../records/platform.ts';

/** What the operator is told by mail, in both languages, for nobody knows who reads it: no patient, no value, no detail of a fault. */

export type Notice = { alert: KeptAlert; what: 'opened' | 'closed' };

export function mailOf(notices: readonly Notice[], publicUrl: string): { subject: string; text: string } {
  const opened = notices.filter(({ what }) => what === 'opened');
  const closed = notices.filter(({ what }) => what === 'closed');
  const subject =
    opened.length > 0
      ? `Hearthbeat: ${titleOf(opened, 'en')} / ${titleOf(opened, 'zh')}`
      : `Hearthbeat: works again / 已恢复: ${titleOf(closed, 'en')}`;
  const url = `${publicUrl.replace(/\/$/, '')}/admin/operation`;
  const text = [
    ...opened.flatMap(({ alert }) => [...describe(alert, 'en'), ...describe(alert, 'zh'), '']),
    ...closed.flatMap(({ alert }) => [`Works again: ${lineOf(alert, 'en')}`, `已恢复：${lineOf(alert, 'zh')}`, '']),
    url,
    '',
  ].join('\n');
  return { subject, text };
}

function titleOf(notices: readonly Notice[], language: Language): string {
  const [first] = notices;
  if (!first) return '';
  const title = platformTroubles[first.alert.trouble].title[language];
  return notices.length > 1 ? `${title} (+${notices.length - 1})` : title;
}

const lineOf = ({ component, trouble, process }: PlatformAlert, language: Language): string => {
  const title = platformTroubles[trouble].title[language];
  const name = nameOfComponent(component)[language];
  return language === 'zh' ? `${name}：${title}（${process}）` : `${name}: ${title} (${process})`;
};

function describe(alert: PlatformAlert, language: Language): string[] {
  const { means, remedy } = platformTroubles[alert.trouble];
  return [lineOf(alert, language), `  ${means[language]}`, `  ${remedy[language]}`];
}
