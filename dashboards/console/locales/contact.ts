import i18next from 'i18next';
import { contactEn } from './contact-en.ts';
import { contactZh } from './contact-zh.ts';

/** These texts come with their page. Import this before anything that says them. */
i18next.addResourceBundle('en', 'console', { contact: contactEn }, true);
i18next.addResourceBundle('zh', 'console', { contact: contactZh }, true);
