import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vitalIn } from '#domain/reading.ts';
import type { ReadingsView, Worklist } from '#domain/views.ts';
import { changeAlert } from '#runtime/records/alerts.ts';
import { recordAnswer, takeCommands } from '#runtime/records/commands.ts';
import { screens, startConsole } from '../support/console.ts';
import { makeAlert } from '../support/episodes.ts';
import { makeClinician, password } from '../support/people.ts';
import { until } from '../support/until.ts';
import type { Ward } from '../support/ward.ts';

/** The console in a real browser, on the real API, real records and a real store. */

let site: Awaited<ReturnType<typeof startConsole>>;
let ward: Ward;
const open: typeof site.open = (...wish) => site.open(...wish);

beforeAll(async () => {
  site = await startConsole();
  ward = site.ward;
});
afterAll(() => site?.stop());

const patientsShown = (page: Page) =>
  page.locator('.entry').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-patient')));

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
    expect(await worn.page.locator('[data-panel="heart-rate"] tbody tr').first().textContent()).toMatch(/\d+–\d+/);
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

describe('the alert page', () => {
  it('says whom the escalation calls next and when, who was called, and the way from the cuff to here', async () => {
    const { page, close } = await open(ward.doctor, { path: `/alerts/${ward.alerts.crisis.id}` });
    await page.getByText(/^Li Na will be paged in .+ unless somebody acknowledges\.$/).waitFor();
    const pages = page.locator('.card', { has: page.getByRole('heading', { name: 'Pages' }) });
    expect(await pages.textContent()).toMatch(/Chen Wei.*by e-mail.*sent/);
    const way = page.locator('.card', { has: page.getByRole('heading', { name: 'Timeline' }) });
    expect(await way.locator('[data-done=true] .what').allTextContents()).toEqual([
      'Measured',
      'Heard at home',
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
    const { page, context, close } = await open(ward.nurse, { path: `/alerts/${ward.alerts.crisis.id}`, fresh: true });
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

/** Points of the chart that carry ink. */
const inkOf = (page: Page): Promise<number> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('[data-panel="blood-pressure"] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((_, i) => i % 4 === 3 && data[i] > 0).length;
  })()`);
