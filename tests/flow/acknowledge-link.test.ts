import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '#domain/alert.ts';
import type { AlertId, TeamId } from '#domain/ids.ts';
import type { Clinician, Patient } from '#domain/people.ts';
import { createLinks, linkHoldsMs } from '#runtime/links.ts';
import type { Log } from '#runtime/log.ts';
import { changeAlert, findAlert } from '#runtime/records/alerts.ts';
import { listAudit } from '#runtime/records/audit.ts';
import { disableClinician } from '#runtime/records/clinicians.ts';
import { testApi } from '../support/api.ts';
import { makeAlert } from '../support/episodes.ts';
import { linkKey } from '../support/link-key.ts';
import { makeClinician, makePatient, makeTeam } from '../support/people.ts';

/** The link of a page, from the telephone of whoever was called. */

let t: Awaited<ReturnType<typeof testApi>>;
let team: TeamId;
let patient: Patient;
let doctor: Clinician;
const logged: string[] = [];
const keep = (words: string, details?: object) => void logged.push(`${words} ${JSON.stringify(details ?? {})}`);
const log: Log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };

beforeAll(async () => {
  t = await testApi({ deps: { log } });
  team = await makeTeam(t.records);
  patient = await makePatient(t.records, { team, name: 'Wang Guilan' });
  doctor = await makeClinician(t.records, { teams: [team], role: 'doctor', name: 'Chen <Wei>' });
});
afterAll(() => t.stop());

const links = createLinks({ key: linkKey, publicUrl: 'https://h.example' });
const linkFor = (alerts: readonly AlertId[], who: Clinician, made = t.clock.now()) =>
  links.acknowledgeUrl(alerts, who.id, made).replace('https://h.example', '');
const stateOf = async ({ id }: Alert) => (await findAlert(t.records, id))?.state;

const look = (path: string) => t.caller().get(path);
const fieldIn = (html: string) => /name="shown" value="([^"]*)"/.exec(html)?.[1] ?? '';
/** As a browser sends the form of the page. */
const press = async (path: string, shown?: string, headers: Record<string, string> = {}) =>
  t.caller().call('POST', path, new URLSearchParams({ shown: shown ?? fieldIn((await look(path)).text) }).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
    ...headers,
  });
const audited = async () => listAudit(t.records, { limit: 50, action: 'alerts-acknowledged-by-link' });

describe('the link in a page', () => {
  it('shows who would take what in hand, and changes nothing however often it is looked at', async () => {
    const alert = await makeAlert(t.records, patient);
    const path = linkFor([alert.id], doctor);
    for (let n = 0; n < 3; n++) {
      const { status, text, headers } = await look(path);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(text).toContain(alert.title[doctor.language]);
      expect(text).toContain('Chen &#60;Wei&#62;');
      expect(text).not.toMatch(/<script|Wang Guilan|mmHg|192/);
    }
    expect(await stateOf(alert)).toBe('open');
    const events = await t.records.selectFrom('alert_event').select('kind').where('alert_id', '=', alert.id).execute();
    expect(events).toEqual([{ kind: 'opened' }]);
  });

  it('acknowledges as its owner at the press of the button, once, and is audited; afterwards it says who has it in hand', async () => {
    const alert = await makeAlert(t.records, patient);
    const path = linkFor([alert.id], doctor);
    const before = (await audited()).length;
    const pressed = await press(path, undefined, { origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-origin' });
    expect(pressed).toMatchObject({ status: 303 });
    expect(pressed.headers.get('location')).toBe(path);
    expect(await findAlert(t.records, alert.id)).toMatchObject({ state: 'acknowledged', acknowledgedBy: doctor.id });
    const after = await look(path);
    expect(after.text).not.toContain('<form');
    expect((await press(path)).status).toBe(303);
    const rows = await audited();
    expect(rows.length - before).toBe(1);
    expect(rows[0]).toMatchObject({ by: `clinician:${doctor.id}`, outcome: 'done', detail: { alerts: alert.id } });
  });

  it('of a colleague who was slower shows who was first, and takes nothing from them', async () => {
    const alert = await makeAlert(t.records, patient);
    const nurse = await makeClinician(t.records, { teams: [team], name: 'Li Na' });
    expect((await press(linkFor([alert.id], nurse))).status).toBe(303);
    const path = linkFor([alert.id], doctor);
    expect((await look(path)).text).toContain(nurse.name[doctor.language]);
    await press(path);
    expect(await findAlert(t.records, alert.id)).toMatchObject({ acknowledgedBy: nurse.id });
  });

  it('of several alerts takes those in hand that are still open', async () => {
    const alerts = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => makeAlert(t.records, await makePatient(t.records, { team, name }))),
    );
    const [first, second, third] = alerts as [Alert, Alert, Alert];
    await changeAlert(t.records, second.id, {
      ...{ kind: 'resolve', by: doctor.id, outcome: 'treated', note: null },
      at: new Date().toISOString(),
    });
    expect((await press(linkFor([first.id, second.id, third.id], doctor))).status).toBe(303);
    expect(await Promise.all(alerts.map(stateOf))).toEqual(['acknowledged', 'resolved', 'acknowledged']);
  });

  it('does not say yes to what became graver while somebody looked', async () => {
    const alert = await makeAlert(t.records, patient, { severity: 'urgent' });
    const path = linkFor([alert.id], doctor);
    const shown = fieldIn((await look(path)).text);
    await t.records.updateTable('alert').set({ severity: 'critical' }).where('id', '=', alert.id).execute();
    const refused = await press(path, shown);
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('role="alert"');
    expect(await stateOf(alert)).toBe('open');
    expect((await press(path, fieldIn(refused.text))).status).toBe(303);
    expect(await stateOf(alert)).toBe('acknowledged');
  });

  it('does not say yes from an old page to an alert that somebody had in hand since, and that calls anew', async () => {
    const alert = await makeAlert(t.records, patient);
    const path = linkFor([alert.id], doctor);
    const shown = fieldIn((await look(path)).text);
    const raised = { state: 'open' as const, raised_at: new Date(Date.parse(alert.raisedAt) + 60_000) };
    await t.records.updateTable('alert').set(raised).where('id', '=', alert.id).execute();
    expect((await press(path, shown)).status).toBe(409);
    expect(await stateOf(alert)).toBe('open');
  });

  it('is taken from no other site', async () => {
    const alert = await makeAlert(t.records, patient);
    const path = linkFor([alert.id], doctor);
    const strangers: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
    ];
    for (const headers of strangers) expect((await press(path, undefined, headers)).status).toBe(403);
    expect(await stateOf(alert)).toBe('open');
  });

  it('opens nothing any more once its owner is disabled, has left the team, or its time is over', async () => {
    const alert = await makeAlert(t.records, patient);
    const gone = await makeClinician(t.records, { teams: [team] });
    const left = await makeClinician(t.records, { teams: [team] });
    const stranger = await makeClinician(t.records, { teams: [await makeTeam(t.records)] });
    const administrator = await makeClinician(t.records, { teams: [team], role: 'administrator' });
    await disableClinician(t.records, gone.id, new Date().toISOString());
    await t.records.deleteFrom('team_member').where('clinician_id', '=', left.id).execute();
    for (const who of [gone, left, stranger, administrator]) {
      const path = linkFor([alert.id], who);
      expect((await look(path)).status).toBe(403);
      expect((await press(path, 'critical.open')).status).toBe(403);
    }
    const path = linkFor([alert.id], doctor, t.clock.now() - linkHoldsMs);
    expect((await look(path)).status).toBe(410);
    expect((await press(path, 'critical.open')).status).toBe(410);
    expect(await stateOf(alert)).toBe('open');
    expect((await look(linkFor([randomUUID() as AlertId], doctor))).status).toBe(403);
  });

  it('stands in no line of the log and in no metric', async () => {
    const alert = await makeAlert(t.records, patient);
    const path = linkFor([alert.id], doctor);
    await look(path);
    await press(path);
    await t.records.schema.alterTable('alert').renameTo('alert_away').execute();
    expect((await look(path)).status).toBe(500);
    await t.records.schema.alterTable('alert_away').renameTo('alert').execute();
    const token = path.slice('/a/'.length);
    expect(logged.join('\n')).toContain('A request failed');
    expect(logged.join('\n')).not.toContain(token.slice(8, 40));
    expect(await t.deps.metrics.registry.metrics()).not.toContain(token.slice(8, 40));
  });

  it('that got about keeps nobody busy', async () => {
    const nurse = await makeClinician(t.records, { teams: [team] });
    const path = linkFor([(await makeAlert(t.records, patient)).id], nurse);
    const looks = await Promise.all(Array.from({ length: 70 }, () => look(path)));
    expect(new Set(looks.map(({ status }) => status))).toEqual(new Set([200, 429]));
    t.clock.ahead(61_000);
    expect((await look(path)).status).toBe(200);
  });

  it('that is none is refused in both languages, and guessing is slowed down', async () => {
    const { status, text } = await look('/a/nonsense1');
    expect(status).toBe(404);
    expect(text).toContain('链接无效');
    expect(text).toContain('not one of ours');
    const tries = await Promise.all(Array.from({ length: 40 }, () => look('/a/nonsense1')));
    expect(tries.some((answer) => answer.status === 429)).toBe(true);
    // which is no reason to refuse a colleague behind the same address
    expect((await look(linkFor([(await makeAlert(t.records, patient)).id], doctor))).status).toBe(200);
    t.clock.ahead(61_000);
    expect((await look('/a/nonsense1')).status).toBe(404);
  });
});
