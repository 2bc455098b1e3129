import { describe, expect, it } from 'vitest';
import type { MyContact } from '#domain/contact.ts';
import { createLinks } from '#runtime/links.ts';
import { findAlert } from '#runtime/records/alerts.ts';
import type { Site } from '../support/console.ts';
import { makeAlert } from '../support/episodes.ts';
import { linkKey } from '../support/link-key.ts';
import { makeClinician, makePatient } from '../support/people.ts';
import { until } from '../support/until.ts';

/** How clinicians are reached, and the page behind the link of a page, as people use them. */
export function contactPages(here: () => Site): void {
  describe('how one is reached', () => {
    it('is opened from the account; a way is confirmed by its code, taken away, and brought back', async () => {
      const { ward, api, open } = here();
      const { page, close } = await open(ward.nurse, { fresh: true });
      await page.getByRole('button', { name: /^Account/ }).click();
      await page.getByRole('link', { name: 'How you are reached' }).click();
      const waiting = page.locator('[data-point=ntfy]');
      await waiting.getByLabel('The six digits that were sent there').fill('000 000');
      // its code was sent too long ago
      await waiting.getByRole('button', { name: 'Confirm' }).click();
      await page.getByText('The code is too old, or was used').waitFor();

      const phone = page.locator('[data-point=phone]');
      await phone.getByLabel(/Only I read it/).check();
      await page.getByText('Saved.').first().waitFor();
      const mine = async () => (await (await api.as(ward.nurse)).get<MyContact>('/api/v1/contact')).body.points;
      expect((await mine()).find(({ kind }) => kind === 'phone')).toMatchObject({
        confidential: true,
        label: 'At home',
        quiet: { from: '22:00' },
      });
      await page.getByRole('button', { name: 'Take away Text message · At home' }).click();
      const removed = page.getByText('Text message · At home: Taken away.');
      await removed.waitFor();
      await page.locator('li', { has: removed }).getByRole('button', { name: 'Undo' }).click();
      await phone.waitFor();

      await page.getByRole('button', { name: 'Mail address' }).click();
      await page.getByLabel('Mail address').fill('night@home.example');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await page.getByText('night@home.example').waitFor();
      await close();
    });
  });

  describe('a page that comes to a browser', () => {
    it('is shown by the service worker, with a button for the link where it has one, and stays where it is critical', async () => {
      const { ward, api, open } = here();
      const { page, context, complaints, close } = await open(ward.nurse, { fresh: true });
      await context.grantPermissions(['notifications'], { origin: api.base });
      const devtools = await context.newCDPSession(page);
      const registered = new Promise<string>((resolve) => {
        devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
          const [first] = registrations;
          if (first) resolve(first.registrationId);
        });
      });
      await devtools.send('ServiceWorker.enable');
      await page.evaluate(
        `navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then(() => 0)`,
      );
      const registrationId = await registered;
      const shown = {
        title: '【危急】血压重度升高',
        body: '请确认接手',
        tag: 'one',
        language: 'zh',
        url: `${api.base}/`,
      };
      const pages = [
        { ...shown, critical: true, acknowledgeUrl: `${api.base}/a/token1` },
        { ...shown, critical: true, acknowledgeUrl: `${api.base}/a/token1` },
        { ...shown, tag: 'two', critical: false, acknowledgeUrl: null },
      ];
      for (const data of pages)
        await devtools.send('ServiceWorker.deliverPushMessage', {
          origin: api.base,
          registrationId,
          data: JSON.stringify(data),
        });
      type Shown = { title: string; tag: string; actions: string[]; stays: boolean };
      const list = () =>
        page.evaluate<Shown[]>(`navigator.serviceWorker.ready.then((own) => own.getNotifications()).then((all) =>
          all.map((one) => ({ title: one.title, tag: one.tag, stays: one.requireInteraction, actions: one.actions.map(({ title }) => title) }))
            .sort((a, b) => (a.tag < b.tag ? -1 : 1)))`);
      await until(async () => (await list()).length === 2);
      expect(await list()).toEqual([
        { title: shown.title, tag: 'one', stays: true, actions: ['确认接手'] },
        { title: shown.title, tag: 'two', stays: false, actions: [] },
      ]);
      expect(complaints).toEqual([]);
      await close();
    });
  });

  describe('the link in a page', () => {
    it.each(['phone', 'desk'] as const)(
      'is good on a %s without signing in, with a button that a browser lets be pressed',
      async (screen) => {
        const { ward, api, open } = here();
        const doctor = await makeClinician(api.records, { teams: [ward.team], role: 'doctor', name: 'Chen Wei' });
        const alert = await makeAlert(
          api.records,
          await makePatient(api.records, { team: ward.team, name: 'Not Told' }),
        );
        const links = createLinks({ key: linkKey, publicUrl: api.base });
        const path = links.acknowledgeUrl([alert.id], doctor.id, api.clock.now());
        const { page, complaints, close } = await open(null, { screen, path });
        await page.getByText(alert.title[doctor.language]).waitFor();
        expect(await page.textContent('body')).not.toContain('Not Told');
        expect(
          await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
        ).toBe(true);
        if (process.env.SCREENSHOTS)
          await page.screenshot({ path: `${process.env.SCREENSHOTS}/acknowledge-${screen}.png` });
        await page.locator('button[type=submit]').click();
        await page.locator('form').waitFor({ state: 'detached' });
        expect(await findAlert(api.records, alert.id)).toMatchObject({
          state: 'acknowledged',
          acknowledgedBy: doctor.id,
        });
        if (process.env.SCREENSHOTS)
          await page.screenshot({ path: `${process.env.SCREENSHOTS}/acknowledged-${screen}.png` });
        expect(complaints).toEqual([]);
        await close();
      },
    );
  });
}
