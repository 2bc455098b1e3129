import i18next from 'i18next';
import { planEn } from './plan-en.ts';
import { planZh } from './plan-zh.ts';

/** These texts come with their pages. Import this before anything that says them. */
i18next.addResourceBundle('en', 'console', { plan: planEn }, true);
i18next.addResourceBundle('zh', 'console', { plan: planZh }, true);
