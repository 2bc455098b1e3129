import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { vitalIn } from '#domain/reading.ts';
import type { ReadingsView, Worklist } from '#domain/views.ts';
import { recordAnswer, takeCommands } from '#runtime/records/commands.ts';
import type { Site } from '../support/console.ts';
import { makeClinician } from '../support/people.ts';
import { until } from '../support/until.ts';
import type { Ward } from '../support/ward.ts';

/** What is shown of patients: in the worklist, in charts and tables, of their devices. */
export function patientPages(here: () => Site): void {
  let site: Site;
  let ward: Ward;
  const open: Site['open'] = (...wish) => site.open(...wish);
  beforeAll(() => {
    site = here();
    ward = site.ward;
  });

  describe('the worklist', () => {
    it('shows first who needs me now, then today, then who is in good hands, and keeps the order of the API within', async () => {
      const { page, close } = await open(ward.nurse);
      await page.locator('.entry').first().waitFor();
      const { people } = ward;
      const shown = await patientsShown(page);
      expect(shown.slice(0, 5)).toEqual(
        [people.crisis, people.low, people.overdue, people.silent, people.attended].map(({ patient }) => patient.id),
      );
      const asked = await (await site.api.as(ward.nurse)).get<Worklist>('/api/v1/worklist');
      expect(shown.toSorted()).toEqual(asked.body.entries.map((entry) => entry.patient.id as string).toSorted());
      const steady = asked.body.entries
        .filter((entry) => entry.reasons.length === 0)
        .map((entry) => entry.patient.id as string);
      expect(shown.slice(-steady.length)).toEqual(steady);
      await close();
    });

    it('says why with a word and an icon, shows the pressure, and finds a patient by name or reason', async () => {
      const { page, close } = await open(ward.nurse);
      const first = page.locator('.entry').first();
      await first.waitFor();
      expect(await first.textContent()).toMatch(/Critical\s*Severely high blood pressure/);
      expect(await first.textContent()).toContain('192/121');
      expect(await first.locator('.chip svg').count()).toBeGreaterThan(0);
      await page.getByLabel('Find a patient or a reason').fill('low blood');
      await until(async () => (await patientsShown(page)).length === 1);
      expect(await patientsShown(page)).toEqual([ward.people.low.patient.id]);
      await page.getByLabel('Find a patient or a reason').fill('王桂兰');
      await until(async () => (await patientsShown(page))[0] === ward.people.crisis.patient.id);
      await page.getByLabel('Find a patient or a reason').fill('nobody of this name');
      await page.getByText('Nobody matches').waitFor();
      await page.getByRole('button', { name: 'Show all' }).click();
      await page.getByRole('button', { name: /Silent/ }).click();
      await until(async () => (await patientsShown(page)).length === 1);
      expect(await patientsShown(page)).toEqual([ward.people.silent.patient.id]);
      await close();
    });
  });

  describe('the patient page', () => {
    it('shows every reading of the API in the table, and draws them beside it', async () => {
      const { page, close } = await open(ward.nurse, { path: `/patients/${ward.people.crisis.patient.id}` });
      const panel = page.locator('[data-panel="blood-pressure"]');
      await panel.locator('canvas').waitFor();
      await page.getByText('30 d', { exact: true }).click();
      const caller = await site.api.as(ward.nurse);
      const from = new Date(Date.now() - 30 * 86_400_000).toISOString();
      const { body } = await caller.get<ReadingsView>(
        `/api/v1/patients/${ward.people.crisis.patient.id}/readings?panel=blood-pressure&from=${from}&limit=400`,
      );
      if (body.resolution !== 'raw') throw new Error('a month of a cuff fits into single readings');
      await until(async () => (await panel.locator('tbody tr').count()) === body.readings.length);
      const rows = await panel
        .locator('tbody tr')
        .evaluateAll((all) =>
          all.map((row) =>
            ['systolic', 'diastolic', 'pulse-rate'].map(
              (vital) => row.querySelector(`[data-vital="${vital}"]`)?.textContent,
            ),
          ),
        );
      expect(rows).toEqual(
        body.readings.map((one) =>
          ['systolic' as const, 'diastolic' as const, 'pulse-rate' as const].map((vital) =>
            String(vitalIn(one, vital) ?? ''),
          ),
        ),
      );
      expect(await inkOf(page)).toBeGreaterThan(1_000);
      await close();
    });

    it('shows windows with their range for a watch that measures every two minutes, and names an artefact', async () => {
      const worn = await open(ward.nurse, { path: `/patients/${ward.people.watch.patient.id}` });
      await worn.page.locator('[data-panel="heart-rate"] canvas').waitFor();
      await worn.page.locator('[data-panel="pulse-oximetry"] canvas').waitFor();
      // the newest window may have begun with this very minute, and hold one reading
      expect(await worn.page.locator('[data-panel="heart-rate"] tbody tr').nth(1).textContent()).toMatch(/\d+–\d+/);
      await worn.close();
      const doubtful = await open(ward.nurse, { path: `/patients/${ward.people.artefact.patient.id}` });
      const row = doubtful.page.locator('[data-panel="blood-pressure"] tbody tr').first();
      await row.waitFor();
      expect(await row.textContent()).toContain('moved while measuring');
      await doubtful.close();
    });
  });

  describe('glucose', () => {
    it('stands in mmol/L for who reads Chinese, in mg/dL for who chooses that, from the worklist to the table', async () => {
      const { patient } = ward.people.watch;
      const { page, complaints, close } = await open(ward.nurse, { language: 'zh', screen: 'phone', fresh: true });
      const row = page.locator(`[data-patient="${patient.id}"]`);
      await row.waitFor();
      for (const words of ['血糖 6.0mmol/L', '传感器葡萄糖 > 22.2mmol/L'])
        expect(await row.textContent()).toContain(words);
      await page.getByRole('link', { name: patient.name.zh }).click();
      const meter = page.locator('[data-panel="glucose"]');
      await meter.locator('canvas').waitFor();
      expect(await meter.locator('td.value').allTextContents()).toEqual(['6.0', '5.5']);
      expect(await page.locator('.patient-head').textContent()).toContain('血糖 6.0mmol/L');

      await page.getByRole('button', { name: /^账/ }).click();
      await page.getByText('mg/dL', { exact: true }).click();
      await page.keyboard.press('Escape');
      expect(await meter.locator('td.value').allTextContents()).toEqual(['108', '99']);
      expect(await meter.locator('th.value').textContent()).toContain('mg/dL');
      expect(await page.locator('.patient-head').textContent()).toContain('传感器葡萄糖 > 400mg/dL');
      await page.reload();
      await page.getByText('血糖 108mg/dL').waitFor();
      // nobody can make a sensor measure once more
      await page.getByRole('button', { name: '请患者用GM-1重新测量' }).waitFor();
      expect(await page.getByRole('button', { name: '请患者用CGM-1重新测量' }).count()).toBe(0);
      expect(complaints).toEqual([]);
      await close();
    });
  });

  describe('the devices of a patient', () => {
    it('show what is wrong with them and their gateway in words, and an administrator asks for nothing', async () => {
      const { artefact } = ward.people;
      const administrator = await makeClinician(site.api.records, { teams: [ward.team], role: 'administrator' });
      const { page, close } = await open(administrator, { path: `/patients/${artefact.patient.id}` });
      const devices = page.locator('section', { has: page.getByRole('heading', { name: 'Devices' }) });
      await devices.getByText('Battery low: 9 %').waitFor();
      for (const words of [
        'Gateway online',
        'weak signal',
        'clock is 1 h 2 min behind',
        'pair it anew',
        'clock is wrong',
      ])
        expect(await devices.textContent()).toContain(words);
      expect(await devices.getByRole('button').count()).toBe(0);
      await close();
    });

    it('take a wish for another measurement, once, and show what became of it as it happens', async () => {
      const { patient, source } = ward.people.overdue;
      const wish = { path: `/patients/${patient.id}`, language: 'zh', screen: 'phone' } as const;
      const { page, complaints, close } = await open(ward.nurse, wish);
      await page.getByText('实时', { exact: true }).waitFor();
      const button = page.getByRole('button', { name: '请患者用UA-651BLE重新测量' });
      await button.click();
      await page.getByText('重新测量：等待网关上线', { exact: false }).waitFor();
      expect(await button.isDisabled()).toBe(true);
      const { records } = site.api;
      const [taken] = await takeCommands(records, { sources: [source], now: Date.now(), limit: 10 });
      await page.getByText('重新测量：已发送，尚未答复').waitFor();
      const at = new Date().toISOString();
      await recordAnswer(records, source, { v: 1, id: taken?.command.id ?? '', outcome: 'done', at }, Date.parse(at));
      await page.getByText(/重新测量：已于 \d\d:\d\d 提示患者/).waitFor();
      expect(await button.isEnabled()).toBe(true);
      expect(complaints).toEqual([]);
      await close();
    });
  });
}

const patientsShown = (page: Page) =>
  page.locator('.entry').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-patient')));

/** Points of the chart that carry ink. */
const inkOf = (page: Page): Promise<number> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('[data-panel="blood-pressure"] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((_, i) => i % 4 === 3 && data[i] > 0).length;
  })()`);
