import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { languages } from '#domain/words.ts';
import { type Site, screens } from '../support/console.ts';

/**
 * Laws for every page in both languages. With SCREENSHOTS=folder each page is also kept as a picture, for eyes that judge what
 * no law can.
 */

const folder = process.env.SCREENSHOTS;
type Opened = Awaited<ReturnType<Site['open']>>;
let site: Site;

/** What stands on each page when it is all there. */
const pages = {
  'sign-in': { path: () => '/', ready: 'form', who: 'guest' },
  worklist: { path: () => '/', ready: '.entry', who: 'nurse' },
  patient: { path: () => `/patients/${site.ward.people.crisis.patient.id}`, ready: 'canvas', who: 'nurse' },
  watch: { path: () => `/patients/${site.ward.people.watch.patient.id}`, ready: 'canvas', who: 'nurse' },
  artefact: { path: () => `/patients/${site.ward.people.artefact.patient.id}`, ready: 'canvas', who: 'nurse' },
  alerts: { path: () => '/alerts', ready: '.item', who: 'nurse' },
  alert: { path: () => `/alerts/${site.ward.alerts.crisis.id}`, ready: '.way', who: 'nurse' },
  'alert-attended': { path: () => `/alerts/${site.ward.alerts.attended.id}`, ready: '.way', who: 'nurse' },
  tasks: { path: () => '/tasks', ready: '.item', who: 'nurse' },
  'on-call': { path: () => '/on-call', ready: '.duty', who: 'nurse' },
  rota: { path: () => '/on-call/rota', ready: '[data-layer]', who: 'administrator' },
  escalation: { path: () => '/on-call/escalation', ready: '.chain', who: 'nurse' },
  'response-times': { path: () => '/on-call/response-times', ready: '.figures', who: 'nurse' },
  contact: { path: () => '/contact', ready: '[data-point=web-push]', who: 'nurse' },
  mailbox: { path: () => '/mailbox', ready: '.mail', who: 'nurse' },
  homes: { path: () => '/admin/homes', ready: '.item', who: 'administrator' },
  home: { path: () => `/admin/homes/${site.administration.home}`, ready: '[data-device]', who: 'administrator' },
  quarantine: { path: () => '/admin/quarantine', ready: '.item', who: 'administrator' },
  operation: { path: () => '/admin/operation', ready: '.trouble', who: 'administrator' },
  audit: { path: () => '/admin/audit', ready: '.item', who: 'administrator' },
  erasure: { path: () => '/admin/erasure', ready: '.fields', who: 'administrator' },
  'care-plan': {
    path: () => `/patients/${site.ward.people.crisis.patient.id}/plan`,
    ready: '.condition',
    who: 'nurse',
  },
  limits: { path: () => '/rules/limits', ready: '.condition', who: 'administrator' },
  backtests: { path: () => '/rules/backtests', ready: '.calm', who: 'administrator' },
  'not-found': { path: () => '/no/such/place', ready: '.calm', who: 'nurse' },
} as const;
type PageName = keyof typeof pages;

export function everyPage(here: () => Site): void {
  beforeAll(async () => {
    site = here();
    if (folder) await mkdir(folder, { recursive: true });
  });

  for (const language of languages)
    describe(`in ${language}`, () => {
      let guest: Opened;
      let nurse: Opened;
      let administrator: Opened;
      beforeAll(async () => {
        [guest, nurse, administrator] = await Promise.all([
          site.open(null, { language }),
          site.open(site.ward.nurse, { language }),
          site.open(site.administration.administrator, { language }),
        ]);
      });
      afterAll(() => Promise.all([guest.close(), nurse.close(), administrator.close()]));

      it.each(Object.keys(pages) as PageName[])(
        'the page "%s" fits every screen, names its controls, can be read, and tells nothing in title or address',
        async (name) => {
          const { path, ready, who } = pages[name];
          const { page, complaints } = { guest, nurse, administrator }[who];
          // as a link does it: what was loaded for the page before need not be loaded again
          await page.evaluate(`history.pushState(null, '', ${JSON.stringify(path())})`);
          await page.locator(ready).first().waitFor();
          await page.evaluate('document.fonts.ready');

          for (const [screen, size] of Object.entries(screens)) {
            await page.setViewportSize(size);
            expect.soft(await page.evaluate<string[]>(sideways), `sideways on a ${screen}`).toEqual([]);
            await keepPicture(page, `${name}-${screen}-${language}`);
          }
          expect.soft(await page.evaluate<string[]>(unnamed), 'without a name').toEqual([]);
          expect.soft(await page.evaluate<string[]>(faint), 'faint in light').toEqual([]);
          await page.emulateMedia({ colorScheme: 'dark' });
          await page.locator('[data-mantine-color-scheme=dark]').waitFor();
          expect.soft(await page.evaluate<string[]>(faint), 'faint in the dark').toEqual([]);
          await keepPicture(page, `${name}-desk-${language}-dark`);
          await page.emulateMedia({ colorScheme: 'light' });

          expect.soft(await page.evaluate('document.documentElement.lang')).toBe(language === 'zh' ? 'zh-CN' : 'en');
          expect.soft(await page.locator('h1').count(), 'first headings').toBe(1);
          const told = `${await page.title()} ${decodeURI(page.url())}`;
          expect.soft(await page.title()).not.toMatch(/\d/);
          for (const { patient } of Object.values(site.ward.people))
            expect.soft(told).not.toContain(patient.name[language]);
          // the browser reports that nobody is signed in; everything else is a fault
          expect.soft(complaints.splice(0).filter((one) => who !== 'guest' || !one.includes('401'))).toEqual([]);
        },
      );
    });

  describe('languages', () => {
    it('are switched in the header, and remembered', async () => {
      const { page, close } = await site.open(site.ward.nurse, { fresh: true });
      await page.getByRole('heading', { name: 'Worklist' }).waitFor();
      await page.getByRole('button', { name: '中文' }).click();
      await page.getByRole('heading', { name: '工作清单' }).waitFor();
      await page.getByRole('link', { name: site.ward.people.crisis.patient.name.zh }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: '工作清单' }).waitFor();
      await close();
    });
  });

  describe('the files', () => {
    it('come compressed, so that the first page costs a phone less than 300 kB, fonts aside', async () => {
      const html = await (await fetch(site.api.base)).text();
      const paths = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
      expect(paths.length).toBeGreaterThan(1);
      let bytes = 0;
      for (const path of paths) {
        const answer = await fetch(`${site.api.base}${path}`, { headers: { 'accept-encoding': 'gzip' } });
        expect(answer.headers.get('content-encoding'), path).toBe('gzip');
        expect(answer.headers.get('content-type'), path).toMatch(/javascript|css/);
        bytes += Number(answer.headers.get('content-length'));
      }
      expect(bytes).toBeLessThan(300_000);
    });
  });

  describe('a line that breaks', () => {
    it('is said at once with the time of what is shown, and comes back by itself', async () => {
      const { page, context, close } = await site.open(site.ward.nurse, { fresh: true });
      await page.getByText('Live', { exact: true }).waitFor();
      await context.route('**/api/**', (route) => route.abort());
      await page.evaluate("window.dispatchEvent(new Event('online'))");
      await page.getByText(/Connection lost, showing data of \d\d:\d\d/).waitFor();
      expect(await page.locator('.entry').count()).toBeGreaterThan(0);
      await context.unroute('**/api/**');
      await page.getByText('Live', { exact: true }).waitFor();
      expect(await page.getByText(/Connection lost/).count()).toBe(0);
      await close();
    });
  });
}

async function keepPicture(page: Page, name: string): Promise<void> {
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Elements that reach beyond the right edge and are not inside a frame that scrolls by itself. */
const sideways = `(() => {
  const width = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > width) found.push('page ' + document.documentElement.scrollWidth);
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('.table-frame, .chart, .skip, .visually-hidden')) continue;
    const { right, width: wide } = element.getBoundingClientRect();
    if (wide > 0 && right > width + 1) found.push(element.tagName + '.' + element.className + ' ' + Math.round(right));
  }
  return found.slice(0, 5);
})()`;

/** Buttons and links without a name, fields without a label, pictures without a text, ids that stand twice. */
const unnamed = `(() => {
  const text = (element) => (element?.textContent ?? '').trim();
  const named = (element) =>
    text(element) || element.getAttribute('aria-label') || text(document.getElementById(element.getAttribute('aria-labelledby') ?? ''));
  const labelled = (field) =>
    field.getAttribute('aria-label') || field.getAttribute('aria-labelledby') || [...(field.labels ?? [])].some((label) => text(label));
  const all = (selector) => [...document.querySelectorAll(selector)];
  const ids = all('[id]').map((element) => element.id);
  return [
    ...all('button, a, [role=button], [role=img]').filter((element) => !named(element)),
    ...all('input, textarea, select').filter((field) => !labelled(field)),
    ...all('img:not([alt])'),
    ...all('svg').filter((svg) => !svg.closest('[aria-hidden=true]') && !named(svg)),
    ...all('table').filter((table) => !table.querySelector('th[scope]')),
  ].map((element) => element.outerHTML.slice(0, 160)).concat(ids.filter((id, i) => ids.indexOf(id) !== i));
})()`;

/** Texts that stand out too little from their ground: WCAG 2.2, 1.4.3. */
const faint = `(() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = (colour.match(/[\\d.]+/g) ?? []).map(Number);
    return colour.startsWith('color(srgb') ? { r: r * 255, g: g * 255, b: b * 255, a } : { r, g, b, a };
  };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a),
    g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a),
    a: 1,
  });
  const groundOf = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const layer = parse(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer.a === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !element.checkVisibility() || element.closest('.skip, .visually-hidden, script')) continue;
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const [a, b] = [light(over(parse(style.color), ground)), light(ground)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) found.push(contrast.toFixed(2) + ' ' + texts.currentNode.textContent.trim().slice(0, 40));
  }
  return [...new Set(found)];
})()`;
