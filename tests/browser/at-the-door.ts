import { beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/console.ts';
import { password } from '../support/people.ts';
import type { Ward } from '../support/ward.ts';

/** Signing in and out. */
export function atTheDoor(here: () => Site): void {
  let site: Site;
  let ward: Ward;
  const open: Site['open'] = (...wish) => site.open(...wish);
  beforeAll(() => {
    site = here();
    ward = site.ward;
  });

  describe('signing in', () => {
    it('stands at the address that was asked for, refuses a wrong password, and then shows that page', async () => {
      const { page, close } = await open(null, { path: `/alerts/${ward.alerts.crisis.id}` });
      await page.getByLabel('E-mail').fill('doctor@clinic.example');
      await page.getByLabel('Password', { exact: true }).fill('not it');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('E-mail or password is not right.').waitFor();
      await page.getByLabel('Password', { exact: true }).fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Severely high blood pressure' }).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/alerts/${ward.alerts.crisis.id}`);
      await close();
    });

    it('comes back at the same address when the session has ended, with nothing of a patient left on the screen', async () => {
      const { page, context, close } = await open(ward.nurse, { path: '/tasks', fresh: true });
      await page.getByText(ward.people.overdue.patient.name.en).waitFor();
      await context.clearCookies();
      await page.evaluate("window.dispatchEvent(new Event('online'))");
      await page.getByText('Your session has ended.').waitFor();
      expect(await page.getByText(ward.people.overdue.patient.name.en).count()).toBe(0);
      await page.getByLabel('E-mail').fill('nurse@clinic.example');
      await page.getByLabel('Password', { exact: true }).fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText(ward.people.overdue.patient.name.en).waitFor();
      expect(new URL(page.url()).pathname).toBe('/tasks');
      await close();
    });

    it('tells the server what it asks by itself, so that a screen nobody touches is signed out in time', async () => {
      const { page, close } = await open(ward.nurse, { path: '/tasks' });
      await page.getByText(ward.people.overdue.patient.name.en).waitFor();
      const asksByItself = async () => {
        const asked = page.waitForRequest((request) => request.url().includes('/api/v1/tasks'));
        await page.evaluate("window.dispatchEvent(new Event('online'))");
        const answered = await (await asked).response();
        await answered?.finished();
        return answered?.request().headers()['x-hearthbeat-background'] === '1';
      };
      expect(await asksByItself()).toBe(true);
      await page.keyboard.press('Tab');
      expect(await asksByItself()).toBe(false);
      expect(await asksByItself()).toBe(true);
      await close();
    });

    it('signs out', async () => {
      const { page, close } = await open(ward.nurse, { fresh: true });
      await page.getByRole('button', { name: /^Account/ }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await close();
    });
  });
}
