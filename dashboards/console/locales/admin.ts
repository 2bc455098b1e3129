import i18next from 'i18next';
import { adminEn } from './admin-en.ts';
import { adminZh } from './admin-zh.ts';

/** Texts that only administrators need come with their pages. Import this before anything that says them. */
i18next.addResourceBundle('en', 'console', { admin: adminEn }, true);
i18next.addResourceBundle('zh', 'console', { admin: adminZh }, true);
