import { expect, it } from 'vitest';
import { eventsOfAlert } from '#runtime/records/alerts.ts';
import { testApi } from '../support/api.ts';
import { openWard } from '../support/judged-ward.ts';
import { publicUrl } from '../support/judging.ts';
import { until } from '../support/until.ts';

/** From a reading to a mail, and from the link in that mail to the end of the calls: judge and API as two who share nothing but the records. */

it('whoever is called acknowledges by the link in the mail, and nobody else is called', async (test) => {
  const ward = await openWard(test);
  const api = await testApi({ database: { url: ward.database.url, records: ward.records } });
  test.onTestFinished(api.stop);
  await ward.crisis();
  await until(() => ward.mail.length >= 1);
  const [mail] = ward.mail;
  expect(mail?.to).toEqual(['first@clinic.example']);
  const links = [...(mail?.text.matchAll(/https?:\S+/g) ?? [])].map(([link]) => link);
  const link = links.find((one) => one.startsWith(`${publicUrl}/a/`)) ?? '';
  expect(links).toContain(`${publicUrl}/alerts/${(await ward.theAlert()).id}`);

  const path = link.slice(publicUrl.length);
  const { text } = await api.caller().get(path);
  const shown = /name="shown" value="([^"]*)"/.exec(text)?.[1] ?? '';
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const pressed = await api.caller().call('POST', path, new URLSearchParams({ shown }).toString(), form);
  expect(pressed.status).toBe(303);
  await ward.quiet(4_000);
  const alert = await ward.theAlert();
  expect(alert).toMatchObject({ state: 'acknowledged', acknowledgedBy: ward.first.id });
  expect((await eventsOfAlert(ward.records, alert.id)).map(({ kind }) => kind)).toEqual([
    'opened',
    'paged',
    'acknowledged',
  ]);
});
