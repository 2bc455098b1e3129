import { describe, expect, it } from 'vitest';
import type { MyContact } from '#domain/contact.ts';
import { createLinks } from '#runtime/links.ts';
import { findAlert } from '#runtime/records/alerts.ts';
import type { Site } from '../support/console.ts';
import { makeAlert } from '../support/episodes.ts';
import { linkKey } from '../support/link-key.ts';
import { makeClinician, makePatient } from '../support/people.ts';

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
