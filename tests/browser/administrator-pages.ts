import { beforeAll, describe, expect, it } from 'vitest';
import { listAudit } from '#runtime/records/audit.ts';
import { findQuarantined, listQuarantine } from '#runtime/records/quarantine-list.ts';
import { fieldOf, instantOfField } from '../../dashboards/console/time/format.ts';
import type { Site } from '../support/console.ts';

/** What administrators do: homes, devices, quarantine, the trail, and the platform itself. */
export function administratorPages(here: () => Site): void {
  let site: Site;
  const open = (path: string) => site.open(site.administration.administrator, { path });
  beforeAll(() => {
    site = here();
  });

  describe('homes', () => {
    it('a gateway is registered, gets a code that can be read out, and is shut out again', async () => {
      const { page, close } = await open('/admin/homes');
      await page.getByRole('button', { name: 'Register' }).click();
      const asking = page.getByRole('dialog');
      await asking.getByLabel('Name (optional)').fill('gw-of-this-test');
      await asking.getByRole('button', { name: 'Register' }).click();
      await page.getByRole('heading', { name: 'gw-of-this-test' }).waitFor();

      await page.getByRole('button', { name: 'New code' }).click();
      const card = page.getByRole('dialog');
      const code = await card.locator('[data-code]').textContent();
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(await card.locator('.spelling li').count()).toBe(8);
      await card
        .getByRole('timer')
        .getByText(/good for 2?\d h/)
        .waitFor();
      await card.getByRole('button', { name: 'Done' }).click();
      await page.getByText('A code waits until').waitFor();

      await page.getByRole('button', { name: 'Shut out' }).click();
      const shutting = page.getByRole('dialog');
      await shutting.getByRole('button', { name: 'Shut out' }).click();
      expect(await shutting.isVisible()).toBe(true);
      await shutting.getByLabel('Why').selectOption('replaced');
      await shutting.getByRole('button', { name: 'Shut out' }).click();
      await page.getByText('Shut out since', { exact: false }).waitFor();
      expect(await page.getByRole('button', { name: 'New code' }).count()).toBe(0);
      await close();
      const [last] = await listAudit(site.api.records, { limit: 1 });
      expect(last).toMatchObject({
        action: 'source-revoked',
        by: `clinician:${site.administration.administrator.id}`,
        detail: { reason: 'replaced' },
      });
    });

    it('a token is shown once, after a question, to direct devices only', async () => {
      const { page, close } = await open(`/admin/homes/${site.administration.home}`);
      await page.getByRole('button', { name: 'New code' }).waitFor();
      expect(await page.getByRole('button', { name: 'Give a token' }).count()).toBe(0);
      await page.goto('/admin/homes');
      await page.getByRole('button', { name: 'Register' }).click();
      await page.getByRole('dialog').getByText('Direct device', { exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Register' }).click();
      await page.getByRole('button', { name: 'Give a token' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Make a token' }).click();
      const shown = page.getByRole('dialog').locator('.code-text').last();
      expect(await shown.textContent()).toMatch(/^[\w-]{43}$/);
      await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
      await page.getByText('Signs in with a token').waitFor();
      await close();
    });

    it('names no patient of another care team', async () => {
      const { page, close } = await open(`/admin/homes/${site.administration.home}`);
      const scale = page.locator(`[data-device="${site.administration.scale}"]`);
      await scale.getByText('A patient of another care team').waitFor();
      await scale.getByText('user 2').waitFor();
      expect(await page.getByText('Of Another Team').count()).toBe(0);
      await page.goto('/admin/homes');
      await page.getByLabel('Find a gateway, device or patient').fill('Featherstone');
      await page.locator(`[data-source="${site.administration.home}"]`).waitFor();
      await page.getByLabel('Find a gateway, device or patient').fill('Of Another Team');
      await page.getByText('Nothing matches').waitFor();
      await close();
    });
  });

  describe('quarantine', () => {
    it('a strange device is registered, given by mistake, undone, given as it should be, and its reading released', async () => {
      const { home, wanderer } = site.administration;
      const { page, close } = await open(`/admin/quarantine?source=${home}`);
      await page.locator('.item').getByText('Device not registered').first().waitFor();
      const [item] = (await listQuarantine(site.api.records, { device: wanderer }, { limit: 1 })).items;
      const entry = page.locator(`[data-quarantined="${item?.key}"]`);
      await entry.getByRole('button', { name: 'Release' }).click();
      await page.getByText('Still not admitted: Device not registered').waitFor();
      await entry.getByRole('link', { name: home }).click();

      await page.getByRole('button', { name: 'Register a device' }).click();
      await page.getByRole('dialog').getByLabel('Bluetooth address or id').fill('c0-ff-ee-00-00-09');
      await page.getByRole('dialog').getByRole('button', { name: 'Register' }).click();
      const device = page.locator(`[data-device="${wanderer}"]`);
      await give('Liu Shu');
      await device.getByRole('link', { name: 'Liu Shufen' }).waitFor();
      await device.getByRole('button', { name: /^Undo/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
      await device.getByText("Nobody's").waitFor();

      const zone = 'Asia/Shanghai';
      await give('Xu Chang', fieldOf(Date.parse(item?.takenAt ?? '') - 3_600_000, zone));
      await device.getByRole('link', { name: 'Xu Changqing' }).waitFor();

      await page.goto(`/admin/quarantine?source=${home}`);
      await entry.getByRole('button', { name: 'Release' }).click();
      await page.getByText('1 item was released.', { exact: false }).waitFor();
      expect((await findQuarantined(site.api.records, item?.key ?? ''))?.state).toBe('released');
      await close();

      async function give(name: string, from?: string) {
        await device.getByRole('button', { name: /^Give/ }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('Patient').fill(name);
        await dialog.locator('.found button').first().click();
        if (from) await dialog.getByLabel('From').fill(from);
        await dialog.getByRole('button', { name: 'Give the device' }).click();
        await dialog.waitFor({ state: 'detached' });
      }
    });

    it('shows what was sent only after saying that the look is written down, and writes it down', async () => {
      const { page, close } = await open('/admin/quarantine');
      const [item] = (await listQuarantine(site.api.records, { reason: 'malformed' }, { limit: 1 })).items;
      const looks = () =>
        listAudit(site.api.records, { limit: 50, action: 'quarantine-viewed' }).then((rows) => rows.length);
      const before = await looks();
      await page
        .locator(`[data-quarantined="${item?.key}"]`)
        .getByRole('button', { name: 'Show what was sent' })
        .click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('It holds health values.', { exact: false }).waitFor();
      expect(await looks()).toBe(before);
      await dialog.getByRole('button', { name: 'Show it' }).click();
      await page.getByRole('dialog').getByText('ffd80001').waitFor();
      expect(await looks()).toBe(before + 1);
      await page.keyboard.press('Escape');
      // who mistypes is shown nothing, and not everything
      await page.getByLabel('Gateway or device').fill('gw 7k3mq2');
      await page.getByText('Nothing matches').waitFor();
      await close();
    });
  });

  describe('the rest of the house', () => {
    it('the trail is checked link by link, and says so', async () => {
      const { page, close } = await open('/admin/audit');
      await page.getByRole('button', { name: 'Check the chain' }).click();
      await page.getByText('The chain is whole', { exact: false }).waitFor();
      await page.getByLabel('What').selectOption('source-enrolled');
      await page.getByText('refused: no such code').waitFor();
      await close();
    });

    it('a patient is erased only after their name was typed, and is gone from every list at once', async () => {
      const { page, close } = await open('/admin/erasure');
      await page.getByRole('button', { name: 'Erase a patient' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Patient').fill('Sun Hai');
      await dialog.locator('.found button').first().click();
      await dialog.getByLabel('Why').selectOption('asked-by-patient');
      await dialog.getByRole('button', { name: 'Next' }).click();
      await dialog.getByLabel("Type the patient's name to confirm").fill('Sun');
      await dialog.getByRole('button', { name: 'Erase for good' }).click();
      await dialog.getByText('The name is not the same.').waitFor();
      await dialog.getByLabel("Type the patient's name to confirm").fill('Sun Haitao');
      await dialog.getByRole('button', { name: 'Erase for good' }).click();
      await page.getByText('The erasure has begun.').waitFor();
      await page.goto('/');
      await page.locator('.entry').first().waitFor();
      expect(await page.getByText('Sun Haitao').count()).toBe(0);
      await close();
    });

    it('a platform in trouble is told to administrators on every page, to nobody else, with the way to what to do', async () => {
      const { page, close } = await open('/tasks');
      await page.getByText('The store of readings does not answer', { exact: false }).waitFor();
      await page.getByRole('link', { name: 'See what to do' }).click();
      await page.getByText('Start InfluxDB again', { exact: false }).waitFor();
      await close();
      const nurse = await site.open(site.ward.nurse, { path: '/tasks' });
      await nurse.page.getByRole('heading', { name: 'Tasks' }).waitFor();
      expect(await nurse.page.getByRole('link', { name: 'Admin' }).count()).toBe(0);
      expect(await nurse.page.locator('.platform-bar').count()).toBe(0);
      await nurse.page.goto('/admin/homes');
      await nurse.page.getByRole('heading', { name: 'No such page' }).waitFor();
      await nurse.close();
    });
  });

  describe('times in fields', () => {
    it('are the care team’s, wherever the browser stands, also when clocks change', () => {
      for (const zone of ['Asia/Shanghai', 'Europe/Berlin', 'America/St_Johns'])
        for (const at of ['2026-03-29T00:30:00Z', '2026-10-25T03:30:00Z', '2026-07-01T12:00:00Z'])
          expect(instantOfField(fieldOf(Date.parse(at), zone), zone)).toBe(Date.parse(at));
    });
  });
}
