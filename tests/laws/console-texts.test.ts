import { describe, expect, it } from 'vitest';
import { adminEn } from '../../dashboards/console/locales/admin-en.ts';
import { adminZh } from '../../dashboards/console/locales/admin-zh.ts';
import { contactEn } from '../../dashboards/console/locales/contact-en.ts';
import { contactZh } from '../../dashboards/console/locales/contact-zh.ts';
import { en } from '../../dashboards/console/locales/en.ts';
import { onCallEn } from '../../dashboards/console/locales/on-call-en.ts';
import { onCallZh } from '../../dashboards/console/locales/on-call-zh.ts';
import { planEn } from '../../dashboards/console/locales/plan-en.ts';
import { planZh } from '../../dashboards/console/locales/plan-zh.ts';
import { zh } from '../../dashboards/console/locales/zh.ts';

/** Every text of the console by its dotted key. */
function textsOf(part: object, path = ''): [key: string, text: string][] {
  return Object.entries(part).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : textsOf(value, `${path}${key}.`),
  );
}
const gapsOf = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

describe('the texts of the console', () => {
  const english = new Map(textsOf({ ...en, admin: adminEn, contact: contactEn, onCall: onCallEn, plan: planEn }));
  const chinese = new Map(textsOf({ ...zh, admin: adminZh, contact: contactZh, onCall: onCallZh, plan: planZh }));

  it('have the same keys in both languages', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it('say something under every key, and fill the same gaps', () => {
    for (const [key, text] of english) {
      expect(text.trim(), key).not.toBe('');
      expect(chinese.get(key)?.trim(), key).not.toBe('');
      expect(gapsOf(chinese.get(key) ?? ''), key).toEqual(gapsOf(text));
    }
  });

  it('are Chinese where they are Chinese, with full-width punctuation between Chinese characters', () => {
    const names = ['common.product'];
    for (const [key, text] of chinese) {
      if (names.includes(key)) continue;
      expect(text.replaceAll(/\{\{\w+\}\}/g, ''), key).toMatch(/^[^A-Za-z]*$|[\u4e00-\u9fff]/);
      expect(text, key).not.toMatch(/[\u4e00-\u9fff][,;:!?()]|[,;:!?(][\u4e00-\u9fff]/);
    }
  });
});
