import i18next from 'i18next';
import { useMemo } from 'react';
import { initReactI18next, useTranslation } from 'react-i18next';
import { type Language, languages, type Words } from '#domain/words.ts';
import { useZone } from '../parts/zone.ts';
import * as format from '../time/format.ts';
import type { adminEn } from './admin-en.ts';
import type { contactEn } from './contact-en.ts';
import { en } from './en.ts';
import type { onCallEn } from './on-call-en.ts';
import type { planEn } from './plan-en.ts';
import { zh } from './zh.ts';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'console';
    resources: {
      console: typeof en & {
        admin: typeof adminEn;
        contact: typeof contactEn;
        onCall: typeof onCallEn;
        plan: typeof planEn;
      };
    };
    returnNull: false;
  }
}

const rememberedAs = 'hearthbeat.language';

/** The reader's own choice, else the first of the browser's languages that the console speaks, else English. */
function languageAtStart(): Language {
  const remembered = localStorage.getItem(rememberedAs);
  const wished = [remembered ?? '', ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
  return wished.flatMap((tag) => languages.filter((language) => language === tag))[0] ?? 'en';
}

export async function startLanguages(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  });
  await i18next.use(initReactI18next).init({
    lng: languageAtStart(),
    fallbackLng: false,
    defaultNS: 'console',
    resources: { en: { console: en }, zh: { console: zh } },
    // React escapes what it shows
    interpolation: { escapeValue: false },
  });
}

export async function switchLanguage(language: Language): Promise<void> {
  localStorage.setItem(rememberedAs, language);
  await i18next.changeLanguage(language);
}

/** The language of the page, and how it says words of the domain. */
export function useLanguage() {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language === 'zh' ? 'zh' : 'en';
  return { t, language, say: (words: Words) => words[language] };
}

/** Times in the reader's language and the care team's zone. Instants are RFC 3339 or ms. */
export function useTimes() {
  const { t, language } = useLanguage();
  const zone = useZone();
  return useMemo(() => {
    const ms = (at: string | number) => (typeof at === 'string' ? Date.parse(at) : at);
    return {
      timeOfDay: (at: string | number) => format.timeOfDay(ms(at), language, zone),
      withSeconds: (at: string | number) => format.timeOfDayWithSeconds(ms(at), language, zone),
      moment: (at: string | number, now: number) => format.moment(ms(at), now, language, zone),
      shortMoment: (at: string | number, now: number) => format.shortMoment(ms(at), now, language, zone),
      day: (at: string | number) => format.dayOfMonth(ms(at), language, zone),
      ago: (at: string | number, now: number) => format.relative(ms(at), now, language, t('common.justNow')),
      duration: (lengthMs: number) => format.duration(lengthMs, language),
    };
  }, [t, language, zone]);
}
