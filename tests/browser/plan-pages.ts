import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { carePlanOf } from '#runtime/records/patients.ts';
import type { Service } from '#runtime/service.ts';
import { createBacktests } from '../../rules/backtest/backtests.ts';
import type { Site } from '../support/console.ts';
import { until } from '../support/until.ts';

/** What is planned for a patient, what is done about tasks, and a limit that is changed only after its forecast. */
export function planPages(here: () => Site): void {
  let site: Site;
  let service: Service;
  const open: Site['open'] = (...wish) => site.open(...wish);
  beforeAll(async () => {
    site = here();
    const { records, databaseUrl } = site.api;
    service = createBacktests(
      { records, clock, log },
      { databaseUrl, address: { readings: 'postgresql', databaseUrl } },
    );
    await service.start();
  });
  afterAll(() => service?.stop());

  describe('a care plan', () => {
    it('pauses a patient, which the worklist says, and takes it back', async () => {
      const { patient } = site.ward.people.silent;
      const { page, close } = await open(site.ward.nurse, { path: `/patients/${patient.id}/plan` });
      await page.getByRole('button', { name: 'Pause: Pause' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Pause' }).click();
      await dialog.getByText('Please choose.').waitFor();
      await dialog.getByLabel('Why').selectOption('hospital-stay');
      await dialog.getByRole('button', { name: 'Pause' }).click();
      await page.getByText(/^Paused until .+: in hospital\.$/).waitFor();
      const other = await open(site.ward.doctor);
      await other.page
        .locator(`[data-patient="${patient.id}"]`)
        .getByText(/^Paused until .+: in hospital$/)
        .waitFor();
      await other.close();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('As it was before.').waitFor();
      expect((await carePlanOf(site.api.records, patient.id)).pause).toBeNull();
      // limits are a doctor's
      expect(await page.getByRole('link', { name: /^Change: / }).count()).toBe(0);
      await close();
    });

    it('saves a limit only once its forecast was seen, shows what differs, and keeps who changed it', async () => {
      const { patient } = site.ward.people.crisis;
      const path = `/patients/${patient.id}/plan`;
      const { page, close } = await open(site.ward.doctor, { path: `${path}/blood-pressure-severe` });
      const field = page.getByLabel(/^Severe systolic pressure/);
      await field.fill('900');
      await page.getByText('A number from 140 to 240.').waitFor();
      await field.fill('165');
      expect(await page.getByRole('button', { name: 'Save' }).count()).toBe(0);
      await page.getByRole('button', { name: 'See what it would have changed' }).click();
      await page.locator('.outcome-figures').waitFor();
      await until(() =>
        page.locator('.plot img').evaluate((img) => 'naturalWidth' in img && Number(img.naturalWidth) > 0),
      );
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('.changed-rule').getByText('165 mmHg').waitFor();
      const journal = page.locator('.card', { has: page.getByRole('heading', { name: 'Changes' }) });
      await journal.getByText('Chen Wei').waitFor();
      await journal.getByRole('link', { name: 'the forecast seen' }).click();
      await page.getByRole('heading', { name: 'Forecast for a care plan' }).waitFor();
      const { overrides } = await carePlanOf(site.api.records, patient.id);
      expect(overrides).toEqual({ 'blood-pressure-severe': { 'systolic-at-least': 165 } });
      await close();
    });
  });

  describe('a task', () => {
    it('is made by hand, taken, moved with a reason, completed, and opened again', async () => {
      const { patient } = site.ward.people.low;
      const { page, close } = await open(site.ward.nurse, { path: `/patients/${patient.id}` });
      await page.getByRole('button', { name: 'New task' }).click();
      const asking = page.getByRole('dialog');
      await asking.getByLabel('What is to be done').fill('Ask about the new tablets');
      await asking.getByLabel('Checklist (optional)').fill('Dizzy on standing\nTakes them in the morning');
      await asking.getByRole('button', { name: 'Add the task' }).click();
      const task = page.locator('.item.task', { hasText: 'Ask about the new tablets' });
      await task.getByRole('button', { name: /^Take/ }).click();
      await task.getByText('Li Na').first().waitFor();
      await task.getByLabel('Dizzy on standing').click();
      await until(() => task.getByLabel('Dizzy on standing').isChecked());
      await task.getByRole('button', { name: /^More/ }).click();
      await task.getByRole('button', { name: 'Move' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Move' }).click();
      await page.getByRole('dialog').getByText('Say why').waitFor();
      await page.getByRole('dialog').getByLabel('Why').fill('She is at the clinic until then');
      await page.getByRole('dialog').getByRole('button', { name: 'Move' }).click();
      await task.getByText('She is at the clinic until then').waitFor();
      await task.getByRole('button', { name: /^Complete/ }).click();
      await page.getByRole('dialog').getByLabel('Reached the patient').click();
      await page.getByRole('dialog').getByLabel('What came of it').fill('All well');
      await page.getByRole('dialog').getByRole('button', { name: 'Complete' }).click();
      await task.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Undo' }).click();
      await task.waitFor();
      await close();
    });
  });

  describe('an alert in hand', () => {
    it('is snoozed for as long as it may be, which is undone, and handed over with what must be known', async () => {
      const { page, close } = await open(site.ward.nurse, { path: `/alerts/${site.ward.alerts.attended.id}` });
      await page.getByRole('button', { name: 'Snooze' }).click();
      const dialog = page.getByRole('dialog');
      expect(await dialog.getByRole('radio').count()).toBe(3);
      await dialog.getByText('no data come any more').waitFor();
      await dialog.getByRole('button', { name: 'Snooze' }).click();
      await page
        .getByText(/^Snoozed until \d\d:\d\d\.$/)
        .first()
        .waitFor();
      await page.getByRole('button', { name: 'Undo the snooze' }).click();
      await page.getByRole('button', { name: 'Snooze' }).waitFor();

      const mine = page.getByRole('button', { name: 'Take over' });
      if ((await mine.count()) > 0) await mine.click();
      await page.getByRole('button', { name: 'Hand over', exact: true }).click();
      await dialog.getByLabel('To whom').selectOption({ label: 'Chen Wei (Doctor)' });
      await dialog.getByLabel('What they must know (optional)').fill('Second tablet at 10');
      await dialog.getByRole('button', { name: 'Hand over' }).click();
      await page.getByText('(handed over by Li Na)').waitFor();
      await page.getByText('Second tablet at 10').first().waitFor();
      await close();
    });
  });
}
