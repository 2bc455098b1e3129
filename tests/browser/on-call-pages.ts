import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { policiesOf, savePolicies } from '#runtime/records/policies.ts';
import { findRota, overridesFrom, saveRota } from '#runtime/records/rota.ts';
import { type Site, screens } from '../support/console.ts';

const folder = process.env.SCREENSHOTS;

/** What a page looks like while something is done on it, for eyes. */
async function keepPicture(page: Page, name: string): Promise<void> {
  if (!folder) return;
  const before = page.viewportSize();
  for (const [screen, size] of Object.entries(screens)) {
    await page.setViewportSize(size);
    await page.screenshot({ path: `${folder}/${name}-${screen}.png`, fullPage: true });
  }
  if (before) await page.setViewportSize(before);
}

/** Who is on call, whom alerts call, and how that is changed. */
export function onCallPages(here: () => Site): void {
  describe('who is on call', () => {
    it('is shown with the gaps to come and what happens then, and is covered, taken back and brought back', async () => {
      const { ward, api, onCall, open } = here();
      const { page, complaints, close } = await open(ward.nurse, { path: '/on-call' });
      await page.getByText('Critical and urgent alerts then call everybody of the team').first().waitFor();
      await page.getByRole('heading', { name: 'On the rota, but not in service: Sun Qiang' }).waitFor();
      expect(await page.getByRole('link', { name: 'Edit the rota' }).count()).toBe(0);

      await page.getByRole('button', { name: 'Let somebody cover' }).click();
      const asking = page.getByRole('dialog');
      await asking.getByRole('button', { name: 'Cover', exact: true }).click();
      expect(await asking.getByText('Please choose.').count()).toBe(2);
      await asking.getByLabel('Who covers').selectOption({ label: 'Li Na' });
      await asking.getByLabel('Instead of').selectOption({ label: 'Li Na' });
      await asking.getByRole('button', { name: 'Cover', exact: true }).click();
      await asking.getByText('Nobody covers for themselves.').waitFor();
      await asking.getByLabel('Who covers').selectOption({ label: 'Zhao Min' });
      await asking.getByRole('button', { name: 'Cover', exact: true }).click();
      const covers = page.getByRole('region', { name: 'Covers' });
      await covers.getByText('Zhao Min instead of Li Na').waitFor();
      const standing = async () => (await overridesFrom(api.records, ward.team, api.clock.now())).map(({ id }) => id);
      const added = (await standing()).find((id) => id !== onCall.cover);

      const item = page.locator(`[data-cover="${added}"]`);
      await item.getByRole('button', { name: /^Take away the cover by Zhao Min/ }).click();
      await item.getByRole('button', { name: 'Undo' }).waitFor();
      expect(await standing()).toEqual([onCall.cover]);
      await item.getByRole('button', { name: 'Undo' }).click();
      await item.getByRole('button', { name: /^Take away/ }).waitFor();
      expect(await standing()).toContain(added);
      await item.getByRole('button', { name: /^Take away/ }).click();
      await item.getByRole('button', { name: 'Undo' }).waitFor();
      expect(complaints).toEqual([]);
      await close();
    });

    it('offers a gap to whoever would fill it, with its place and its times', async () => {
      const { ward, open } = here();
      const { page, close } = await open(ward.nurse, { path: '/on-call', screen: 'phone' });
      await page
        .getByRole('button', { name: /^Nobody, 1st on call/ })
        .first()
        .click();
      const asking = page.getByRole('dialog');
      await keepPicture(page, 'cover');
      expect(await asking.getByLabel('Instead of').inputValue()).toBe('place 0');
      expect(await asking.getByLabel('From').inputValue()).toMatch(/T08:00$/);
      expect(await asking.getByLabel('Until').inputValue()).toMatch(/T20:00$/);
      await close();
    });

    it('is planned by doctors: each step can be taken back, what is wrong is marked, and nobody overwrites another unseen', async () => {
      const { ward, api, onCall, open } = here();
      const { page, complaints, close } = await open(ward.doctor, { path: '/on-call' });
      await page.getByRole('link', { name: 'Edit the rota' }).click();
      const days = page.locator('[data-layer=days]');
      await days.getByLabel('Name of the layer').fill('Day shift');
      await page.getByRole('button', { name: 'Save the rota' }).click();
      await page.getByText('Please mend what is marked.').waitFor();
      const nights = page.locator('[data-layer=nights]');
      await nights.getByText('Not on call in this team.').waitFor();
      await nights.getByRole('button', { name: 'Take away: Sun Qiang' }).click();

      // Sundays get their people; the picture beneath says so before it is saved
      const gaps = page.getByText('No gaps in the next 14 days.');
      expect(await gaps.count()).toBe(0);
      await days.getByText('Sun', { exact: true }).click();
      await gaps.waitFor();
      await page.getByRole('button', { name: 'Undo the last change' }).click();
      await gaps.waitFor({ state: 'detached' });
      await days.getByText('Sun', { exact: true }).click();

      const { version, rota } = await findRota(api.records, ward.team);
      const theirs = { rota: { ...rota, holidays: [] }, version, by: ward.nurse.id, at: new Date().toISOString() };
      await saveRota(api.records, ward.team, theirs);
      await page.getByRole('button', { name: 'Save the rota' }).click();
      await page.getByText('Li Na has changed it meanwhile', { exact: false }).waitFor();
      await keepPicture(page, 'edit-rota');
      expect((await findRota(api.records, ward.team)).rota.holidays).toEqual([]);
      await page.getByRole('button', { name: 'Keep mine instead of theirs' }).click();
      await page.getByText('The rota is saved.').waitFor();
      const saved = await findRota(api.records, ward.team);
      expect(saved.rota.layers[0]).toMatchObject({
        name: { en: 'Day shift', zh: '白班' },
        shifts: [{ days: [1, 2, 3, 4, 5, 6, 7] }],
      });
      expect(saved.rota.holidays).toEqual(onCall.rota.holidays);
      // the browser reports the refusal that was asked for
      expect(complaints.filter((one) => !one.includes('409'))).toEqual([]);
      await close();
    });
  });

  describe('whom alerts call', () => {
    it('is told in a sentence and rehearsed by everybody, and changed by doctors after they tried it', async () => {
      const { ward, api, open } = here();
      const nurse = await open(ward.nurse, { path: '/on-call/escalation' });
      await nurse.page.getByText('Calls the 1st on call at once, then the 2nd on call after 5 min.').waitFor();
      expect(await nurse.page.getByRole('button', { name: 'Edit' }).count()).toBe(0);
      const rehearsal = nurse.page.getByRole('region', { name: 'Rehearsal' });
      await rehearsal.getByRole('button', { name: 'Rehearse' }).click();
      await rehearsal.getByText('If nobody answered:').waitFor();
      expect(await rehearsal.locator('.rehearsed > li').count()).toBe(6);
      await rehearsal.getByText('Routine', { exact: true }).click();
      await rehearsal.getByRole('button', { name: 'Rehearse' }).click();
      await rehearsal.getByText('Nobody is called.', { exact: false }).waitFor();
      await nurse.close();

      const { page, complaints, close } = await open(ward.doctor, { path: '/on-call/escalation' });
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      const critical = page.locator('.policy[data-severity=critical]');
      await critical.getByRole('button', { name: 'Add a step' }).click();
      const third = critical.getByRole('group', { name: 'Step 3' });
      await third.getByLabel('Minutes after the alert').fill('1.5');
      await page.getByRole('button', { name: 'Save the escalation' }).click();
      await third.getByText('It must not come before the step above.').waitFor();
      await third.getByLabel('Minutes after the alert').fill('7.5');
      await third.getByLabel('Step 3: Add somebody').selectOption({ label: 'all doctors' });
      await third.getByRole('button', { name: 'Do not call 3rd on call' }).click();
      await critical.getByText(', then all doctors after 7 min 30 s.', { exact: false }).waitFor();
      const trial = page.getByRole('region', { name: 'Rehearsal' });
      await trial.getByRole('button', { name: 'Rehearse' }).click();
      await trial.getByText('7 min 30 s after the alert').first().waitFor();
      await keepPicture(page, 'edit-escalation');

      const kept = await policiesOf(api.records, ward.team);
      const by = ward.nurse.id;
      await savePolicies(api.records, ward.team, { ...kept, by, at: new Date().toISOString() });
      await page.getByRole('button', { name: 'Save the escalation' }).click();
      await page.getByText('Li Na has changed it meanwhile', { exact: false }).waitFor();
      await page.getByRole('button', { name: 'Keep mine instead of theirs' }).click();
      await page.getByText('The escalation is saved.', { exact: false }).waitFor();
      expect((await policiesOf(api.records, ward.team)).policies.critical.steps.at(-1)).toEqual({
        afterSeconds: 450,
        targets: [{ kind: 'role', role: 'doctor' }],
        channels: null,
      });
      expect(complaints.filter((one) => !one.includes('409'))).toEqual([]);
      await close();
    });
  });
}
