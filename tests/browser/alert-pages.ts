import { beforeAll, describe, expect, it } from 'vitest';
import { changeAlert } from '#runtime/records/alerts.ts';
import { type Site, screens } from '../support/console.ts';
import { makeAlert } from '../support/episodes.ts';
import { makeClinician } from '../support/people.ts';
import type { Ward } from '../support/ward.ts';

/** What is done about alerts. */
export function alertPages(here: () => Site): void {
  let site: Site;
  let ward: Ward;
  const open: Site['open'] = (...wish) => site.open(...wish);
  beforeAll(() => {
    site = here();
    ward = site.ward;
  });

  describe('the alert page', () => {
    it('says whom the escalation calls next and when, who was called, and the way from the cuff to here', async () => {
      const { page, close } = await open(ward.doctor, { path: `/alerts/${ward.alerts.crisis.id}` });
      await page.getByText(/^Li Na will be paged in .+ unless somebody acknowledges\.$/).waitFor();
      const pages = page.locator('.card', { has: page.getByRole('heading', { name: 'Pages' }) });
      expect(await pages.textContent()).toMatch(/Chen Wei.*by e-mail.*sent/);
      const way = page.locator('.card', { has: page.getByRole('heading', { name: 'From measurement to answer' }) });
      expect(await way.locator('[data-done=true] .what').allTextContents()).toEqual([
        'Measured',
        'Heard at home',
        'Stored',
        'Alert opened',
        'First page sent',
        'Seen',
      ]);
      expect(await way.locator('[data-done=false] .what').allTextContents()).toEqual(['Acknowledged']);
      await close();
    });

    it('offers an administrator nothing to decide', async () => {
      const administrator = await makeClinician(site.api.records, { teams: [ward.team], role: 'administrator' });
      const { page, close } = await open(administrator, { path: `/alerts/${ward.alerts.crisis.id}` });
      await page.getByText('Li Na will be paged', { exact: false }).waitFor();
      expect(await page.getByRole('button', { name: /Acknowledge|Resolve|Complete/ }).count()).toBe(0);
      await close();
    });
  });

  describe('acknowledging', () => {
    it('from the alert page changes the worklist in another open browser by itself', async () => {
      const nurse = await open(ward.nurse);
      await nurse.page.getByText('Live', { exact: true }).waitFor();
      const row = nurse.page.locator(`[data-patient="${ward.people.low.patient.id}"]`);
      await row.getByRole('button').waitFor();

      const doctor = await open(ward.doctor, { path: `/alerts/${ward.alerts.low.id}`, screen: 'phone' });
      const button = doctor.page.getByRole('button', { name: 'Acknowledge: I am on it' });
      const box = await button.boundingBox();
      expect(box && box.y + box.height).toBeLessThan(screens.phone.height - 60);
      await button.click();
      await doctor.page.getByText('Chen Wei is on it', { exact: false }).waitFor();

      await row.getByText('in hand', { exact: false }).waitFor();
      expect(await row.getByRole('button').count()).toBe(0);
      await Promise.all([nurse.close(), doctor.close()]);
    });

    it('tells the second person who was first', async () => {
      const { page, context, close } = await open(ward.nurse, {
        path: `/alerts/${ward.alerts.crisis.id}`,
        fresh: true,
      });
      await page.getByRole('button', { name: 'Acknowledge: I am on it' }).waitFor();
      // what changes now reaches this page only with the answer to its own click
      await context.route('**/api/v1/changes', (route) => route.abort());
      await context.route('**/api/v1/alerts/*', (route) =>
        route.request().method() === 'GET' ? route.abort() : route.continue(),
      );
      await page.evaluate("window.dispatchEvent(new Event('online'))");
      await changeAlert(site.api.records, ward.alerts.crisis.id, {
        kind: 'acknowledge',
        by: ward.doctor.id,
        note: null,
        at: new Date().toISOString(),
      });
      await page.getByRole('button', { name: 'Acknowledge: I am on it' }).click();
      await page.getByText('Chen Wei was first', { exact: false }).waitFor();
      await close();
    });

    it('from the worklist asks once more before it does it', async () => {
      const { page, close } = await open(ward.nurse);
      const patient = ward.people.silent.patient;
      await makeAlert(site.api.records, patient);
      const row = page.locator(`[data-patient="${patient.id}"]`);
      await row.getByRole('button').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Note (optional)').fill('Calling her');
      await dialog.getByRole('button', { name: 'Acknowledge: I am on it' }).click();
      await row.getByText('in hand', { exact: false }).waitFor();
      const kept = await site.api.records
        .selectFrom('alert')
        .select(['note', 'acknowledged_by'])
        .where('patient_id', '=', patient.id)
        .executeTakeFirstOrThrow();
      expect(kept).toEqual({ note: 'Calling her', acknowledged_by: ward.nurse.id });
      await close();
    });
  });
}
