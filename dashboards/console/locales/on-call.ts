import i18next from 'i18next';
import { onCallEn } from './on-call-en.ts';
import { onCallZh } from './on-call-zh.ts';

/** These texts come with their pages. Import this before anything that says them. */
i18next.addResourceBundle('en', 'console', { onCall: onCallEn }, true);
i18next.addResourceBundle('zh', 'console', { onCall: onCallZh }, true);
