import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import type { Clinician } from '#domain/people.ts';
import type { Language } from '#domain/words.ts';
import { testApi } from './api.ts';
import { complaintsOf, findConsole, startBrowser } from './browser.ts';
import { settleWard } from './ward.ts';
import { settleAdministration } from './ward-administration.ts';
import { settleContact } from './ward-contact.ts';
import { settleOnCall } from './ward-on-call.ts';

/** The console, built, served by the real API over real records with a ward in them, and a browser to open it in. */

export const screens = {
  phone: { width: 390, height: 844 },
  tablet: { width: 820, height: 1180 },
  desk: { width: 1440, height: 900 },
} as const;
export type Screen = keyof typeof screens;

/** `fresh`: a browser of one's own, for who changes what it keeps or signs out. */
type Wish = { screen?: Screen; language?: Language; path?: string; fresh?: boolean };

export type Site = Awaited<ReturnType<typeof startConsole>>;

export async function startConsole() {
  const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-console-'));
  const mailboxDir = join(folder, 'mail');
  await mkdir(mailboxDir);
  const [browser, consoleDir] = await Promise.all([startBrowser(), findConsole(join(folder, 'console'))]);
  const api = await testApi({ config: { consoleDir, mailboxDir } });
  const ward = await settleWard(api);
  const administration = await settleAdministration(api.records, ward);
  await settleContact(api.records, ward);
  const onCall = await settleOnCall(api.records, ward);
  const mail = {
    id: '1',
    at: new Date().toISOString(),
    from: 'Hearthbeat <hearthbeat@localhost>',
    to: [ward.doctor.email],
    subject: 'CRITICAL: a patient needs you',
    text: `Severely high blood pressure, confirmed.\n\n${api.base}/alerts/${ward.alerts.crisis.id}\n`,
  };
  await writeFile(join(mailboxDir, '1.json'), JSON.stringify(mail));
  const profiles = new Map<string, Promise<BrowserContext>>();
  return {
    api,
    ward,
    administration,
    onCall,
    browser,
    /** A page for somebody who has signed in, or for nobody. Unless `fresh`, they come back to their browser with its warm cache. */
    open: async (who: Clinician | null, { screen = 'desk', language = 'en', path = '/', fresh = false }: Wish = {}) => {
      const key = `${who?.id} ${language}`;
      const known = who && !fresh ? profiles.get(key) : undefined;
      const made = known ?? profileFor(browser, api, who, language);
      const passing = fresh || !who;
      if (!passing) profiles.set(key, made);
      const context = await made;
      const page = await context.newPage();
      await page.setViewportSize(screens[screen]);
      const complaints = complaintsOf(page);
      // whoever opens it waits for what they look at, and not for fonts
      await page.goto(path, { waitUntil: 'commit' });
      return { context, page, complaints, close: () => (passing ? context.close() : page.close()) };
    },
    stop: async () => {
      await browser.close();
      await api.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A browser as somebody who has signed in, or as nobody. It stands in London: times must not follow it. */
async function profileFor(
  browser: Browser,
  api: Awaited<ReturnType<typeof testApi>>,
  who: Clinician | null,
  language: Language,
): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: api.base,
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    timezoneId: 'Europe/London',
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(10_000);
  if (who) {
    const [name, value] = ((await api.as(who)).cookie ?? '').split('=');
    await context.addCookies([
      { name: name ?? '', value: value ?? '', url: api.base, httpOnly: true, sameSite: 'Strict' },
    ]);
  }
  return context;
}
