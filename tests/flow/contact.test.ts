import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContactPointView, MyContact, Quiet, Reachability } from '#domain/contact.ts';
import type { TeamId } from '#domain/ids.ts';
import type { Clinician } from '#domain/people.ts';
import { createAgenda } from '#runtime/agenda.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { listAudit } from '#runtime/records/audit.ts';
import { codeHoldsMs, undoRemovalMs } from '#runtime/records/contact-points.ts';
import { reachableBy, writePageChannels } from '#runtime/records/reachability.ts';
import type { Channel } from '../../rules/channels/channel.ts';
import { createDeliver, type Draft } from '../../rules/channels/deliver.ts';
import { createNtfyChannel } from '../../rules/channels/ntfy.ts';
import { createSmtpChannel } from '../../rules/channels/smtp.ts';
import { createWebPushChannel } from '../../rules/channels/web-push.ts';
import { createWeComChannel } from '../../rules/channels/wecom.ts';
import { createContactMessages } from '../../rules/paging/contact-messages.ts';
import { type Caller, testApi } from '../support/api.ts';
import { testAuthority } from '../support/authorities.ts';
import { pushSetting } from '../support/page-servers/every-channel.ts';
import { ntfyServer } from '../support/page-servers/ntfy.ts';
import { mailServer } from '../support/page-servers/others.ts';
import { aPage } from '../support/page-servers/page.ts';
import { pushService } from '../support/page-servers/push-service.ts';
import { weComRobot } from '../support/page-servers/robots.ts';
import { type Endings, webServer } from '../support/page-servers/web.ts';
import { makeClinician, makeTeam } from '../support/people.ts';
import { until } from '../support/until.ts';

/** How clinicians say where they are reached, and what then goes there: the real API, the real agenda, real servers of each protocol. */

const endings: Endings = [];
const ntfy = ntfyServer();
const push = pushService();
const robot = weComRobot('k');
let t: Awaited<ReturnType<typeof testApi>>;
let team: TeamId;
let mail: Awaited<ReturnType<typeof mailServer>>;
let pushOrigin: string;
const channels: Record<string, Channel> = {};

beforeAll(async () => {
  t = await testApi();
  const { clock, records } = t;
  team = await makeTeam(records);
  const { authority, stop } = await testAuthority();
  endings.push(stop);
  const credentials = (await authority.serverCredentials(['127.0.0.1'])).credentials();
  pushOrigin = await webServer(endings, push.listener, credentials);
  mail = await mailServer(endings);
  const confidential = true;
  channels.smtp = createSmtpChannel(
    { clock },
    { url: `smtp://127.0.0.1:${mail.port}`, from: 'p@h.example', confidential },
  );
  channels.ntfy = createNtfyChannel({ clock }, { url: await webServer(endings, ntfy.listener), confidential });
  channels['web-push'] = createWebPushChannel(
    { clock },
    { ...pushSetting, hosts: '127.0.0.1', confidential, ca: authority.certificate },
  );
  channels.wecom = createWeComChannel(
    { clock },
    { url: `${await webServer(endings, robot.listener)}/?key=k`, confidential: false },
  );
  const all = Object.values(channels);
  await writePageChannels(records, all);
  const agenda = createAgenda({ records, clock, log }, { databaseUrl: t.databaseUrl });
  const messages = createContactMessages(
    { records, agenda, channels: all, clock, random },
    { databaseUrl: t.databaseUrl, publicUrl: 'https://h.example' },
  );
  await agenda.start();
  await messages.start();
  endings.push(async () => {
    await messages.stop();
    await agenda.stop();
  });
});
afterAll(async () => {
  for (const end of endings.toReversed()) await end();
  await t.stop();
});

const doctorOf = async (teams = [team]) => {
  const doctor = await makeClinician(t.records, { teams, role: 'doctor' });
  return { doctor, caller: await t.as(doctor) };
};
const mine = async (caller: Caller) => (await caller.get<MyContact>('/api/v1/contact')).body;
const add = (caller: Caller, body: object) =>
  caller.post<ContactPointView & { code?: string }>('/api/v1/contact-points', body);
const codeIn = (texts: { to: string; text: string }[], to: string) =>
  texts.flatMap((one) => (one.to === to ? (/\b\d{6}\b/.exec(one.text) ?? []) : [])).at(-1);

/** Adds a contact point and enters the code that arrives there. */
async function verified(
  caller: Caller,
  body: object,
  codeAt: (point: ContactPointView) => string | undefined,
): Promise<ContactPointView> {
  const { body: point, status } = await add(caller, body);
  expect(status).toBe(200);
  expect(point.verifiedAt).toBeNull();
  await until(() => codeAt(point) !== undefined);
  const entered = await caller.post<ContactPointView>(`/api/v1/contact-points/${point.id}/verify`, {
    code: codeAt(point),
  });
  expect(entered).toMatchObject({ status: 200, body: { id: point.id, verifiedAt: expect.any(String) } });
  return entered.body;
}

describe('a contact point', () => {
  it('counts once the code that was sent there has been entered; for ntfy the platform makes up the topic', async () => {
    const { doctor, caller } = await doctorOf();
    expect(await mine(caller)).toMatchObject({ account: doctor.email, points: [] });
    expect(new Set((await reachableBy(t.records, doctor.id)).map(({ channel }) => channel))).toEqual(new Set(['smtp']));
    const point = await verified(caller, { kind: 'ntfy', label: ' Phone ' }, ({ address }) =>
      codeIn(ntfy.taken, address),
    );
    expect(point).toMatchObject({ label: 'Phone', address: expect.stringMatching(/^hearthbeat-[-_A-Za-z0-9]{24}$/) });
    expect((await reachableBy(t.records, doctor.id)).map(({ channel }) => channel).toSorted()).toEqual([
      'ntfy',
      'smtp',
    ]);
  });

  it('of a browser is told the key to subscribe with, and shown by its push service alone', async () => {
    const { caller } = await doctorOf();
    const { webPushKey } = await mine(caller);
    const browser = push.subscribeAt(pushOrigin, webPushKey ?? '');
    const path = new URL(browser.subscription.endpoint).pathname;
    const point = await verified(caller, { kind: 'web-push', subscription: browser.subscription }, () =>
      codeIn(push.taken, path),
    );
    expect(point.address).toBe('127.0.0.1');
    expect(JSON.stringify(await mine(caller))).not.toContain(path);
  });

  it('takes five wrong codes, a code for ten minutes, and each but once', async () => {
    const { caller } = await doctorOf();
    const { body: point } = await add(caller, { kind: 'ntfy' });
    await until(() => codeIn(ntfy.taken, point.address));
    const code = codeIn(ntfy.taken, point.address) ?? '';
    const enter = (text: string) => caller.post(`/api/v1/contact-points/${point.id}/verify`, { code: text });
    const wrong = code === '000000' ? '000001' : '000000';
    for (let n = 0; n < 5; n++) expect(await enter(wrong)).toMatchObject({ status: 409, body: { code: 'code-wrong' } });
    expect(await enter(code)).toMatchObject({ status: 429, body: { code: 'too-many-tries' } });

    t.clock.ahead(11_000);
    await caller.post(`/api/v1/contact-points/${point.id}/code`);
    await until(() => codeIn(ntfy.taken, point.address) !== code);
    t.clock.ahead(codeHoldsMs);
    const next = codeIn(ntfy.taken, point.address) ?? '';
    expect(await enter(next)).toMatchObject({ status: 409, body: { code: 'code-expired' } });
    t.clock.ahead(-codeHoldsMs);
    expect((await enter(next)).status).toBe(200);
    expect(await enter(next)).toMatchObject({ status: 409, body: { code: 'code-expired' } });
  });

  it('can be tried, and tells what became of it', async () => {
    const { caller } = await doctorOf();
    const address = `private-${Date.now()}@home.example`;
    const point = await verified(caller, { kind: 'email', email: address }, () => codeIn(mail.taken, address));
    const before = mail.taken.length;
    expect((await caller.post(`/api/v1/contact-points/${point.id}/test`)).status).toBe(200);
    await until(() => mail.taken.length > before);
    await until(async () => (await mine(caller)).points[0]?.sentAt !== null);
    expect((await mine(caller)).points).toMatchObject([{ fault: null, gone: false }]);
    expect(mail.taken.at(-1)).toMatchObject({ to: address, link: null });
  });

  it('that was taken away gets nothing, and comes back as it was while that can be undone', async () => {
    const { doctor, caller } = await doctorOf();
    const point = await verified(caller, { kind: 'ntfy' }, ({ address }) => codeIn(ntfy.taken, address));
    const path = `/api/v1/contact-points/${point.id}`;
    const ways = async () => (await reachableBy(t.records, doctor.id)).map(({ channel }) => channel);
    expect(await caller.delete<ContactPointView>(path)).toMatchObject({
      status: 200,
      body: { removedUntil: expect.any(String) },
    });
    expect(await ways()).not.toContain('ntfy');
    expect((await caller.post(`${path}/test`)).status).toBe(404);
    expect((await caller.post<ContactPointView>(`${path}/restore`)).body).toMatchObject({
      ...point,
      sentAt: expect.any(String),
    });
    expect(await ways()).toContain('ntfy');
    const trail = (await listAudit(t.records, { limit: 3 })).map(({ by, action }) => [by, action]);
    const actions = ['contact-point-restored', 'contact-point-removed', 'contact-point-confirmed'];
    expect(trail).toEqual(actions.map((action) => [`clinician:${doctor.id}`, action]));
    await caller.delete(path);
    t.clock.ahead(undoRemovalMs + 1_000);
    expect((await caller.post(`${path}/restore`)).status).toBe(404);
    expect((await mine(caller)).points).toEqual([]);
    t.clock.ahead(-undoRemovalMs - 1_000);
  });

  it('is its owner’s alone: a colleague neither sees nor changes it', async () => {
    const { caller } = await doctorOf();
    const { caller: colleague } = await doctorOf();
    const point = await verified(caller, { kind: 'ntfy' }, ({ address }) => codeIn(ntfy.taken, address));
    const path = `/api/v1/contact-points/${point.id}`;
    expect((await mine(colleague)).points).toEqual([]);
    const answers = await Promise.all([
      colleague.put(path, { label: 'x' }),
      colleague.post(`${path}/verify`, { code: '000000' }),
      colleague.post(`${path}/code`),
      colleague.post(`${path}/test`),
      colleague.delete(path),
      colleague.post(`${path}/restore`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
    expect((await mine(caller)).points).toMatchObject([{ id: point.id, label: null, verifiedAt: point.verifiedAt }]);
  });

  it('is refused where it is nonsense, known, or of a kind that nothing is sent to here', async () => {
    const { caller } = await doctorOf();
    for (const body of [
      { kind: 'email', email: 'nobody' },
      { kind: 'phone', number: '13800138000' },
      { kind: 'ntfy', topic: 'of-somebody-else' },
      { kind: 'web-push', subscription: { endpoint: 'http://127.0.0.1/', keys: {} } },
      { kind: 'ntfy', quiet: { from: '25:00', to: '06:00', timeZone: 'Asia/Shanghai' } },
      { kind: 'ntfy', quiet: { from: '22:00', to: '06:00', timeZone: 'Mars/Base' } },
    ])
      expect((await add(caller, body)).status, JSON.stringify(body)).toBe(422);
    expect(await add(caller, { kind: 'phone', number: '+8613800138000' })).toMatchObject({
      status: 409,
      body: { code: 'no-such-channel' },
    });
    expect((await add(caller, { kind: 'email', email: 'Twice@home.example' })).status).toBe(200);
    expect(await add(caller, { kind: 'email', email: 'twice@HOME.example' })).toMatchObject({
      status: 409,
      body: { code: 'known-already' },
    });
  });

  it('makes nobody’s telephone ring all day: messages of one person are limited', async () => {
    const { caller } = await doctorOf();
    const { body: point } = await add(caller, { kind: 'ntfy' });
    const statuses: number[] = [];
    for (let n = 0; n < 15; n++) statuses.push((await caller.post(`/api/v1/contact-points/${point.id}/code`)).status);
    expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(statuses.at(-1)).toBe(429);
  });
});

describe('who can be reached', () => {
  it('is shown to administrators without an address, those whom nobody can reach first', async () => {
    const ward = await makeTeam(t.records);
    const { doctor, caller } = await doctorOf([ward]);
    const point = await verified(caller, { kind: 'ntfy' }, ({ address }) => codeIn(ntfy.taken, address));
    const administrator = await t.as(await makeClinician(t.records, { teams: [ward], role: 'administrator' }));
    const unreachable = await makeClinician(t.records, { teams: [ward] });
    const list = async () => (await administrator.get<{ people: Reachability[] }>('/api/v1/reachability')).body.people;
    await writePageChannels(t.records, [channels.ntfy!, channels.wecom!]);
    const people = await list();
    expect(people).toMatchObject([
      { clinician: { id: unreachable.id }, channels: [] },
      { clinician: { id: doctor.id }, channels: ['ntfy'], unusable: 0 },
    ]);
    expect(JSON.stringify(people)).not.toContain(point.address);
    await writePageChannels(t.records, Object.values(channels));
    expect((await list()).map(({ channels: by }) => by.length > 0)).toEqual([true, true]);
  });
});

describe('a page', () => {
  const draftFor = (recipient: Clinician, wish: Partial<Draft> = {}): Draft => {
    const {
      subject: _,
      text: __,
      mention: ___,
      ...page
    } = aPage({ recipient, acknowledgeUrl: 'https://h.example/a/x1' });
    return {
      ...page,
      write: ({ confidential, acknowledgeUrl }) => ({
        subject: confidential ? 'Wang Guilan' : 'somebody',
        text: `${acknowledgeUrl ?? 'sign in'}`,
      }),
      ...wish,
    };
  };
  const deliver = (...wish: Parameters<ReturnType<typeof createDeliver>>) => createDeliver(t)(...wish);

  it('goes to every address its person has for the channel, and says names only where channel and address are for them alone', async () => {
    const { doctor, caller } = await doctorOf();
    const own = `own-${Date.now()}@home.example`;
    const shared = `shared-${Date.now()}@home.example`;
    const pending = `pending-${Date.now()}@home.example`;
    await verified(caller, { kind: 'email', email: own, confidential: true }, () => codeIn(mail.taken, own));
    await verified(caller, { kind: 'email', email: shared }, () => codeIn(mail.taken, shared));
    await add(caller, { kind: 'email', email: pending });
    await until(() => codeIn(mail.taken, pending));
    const before = mail.taken.length;
    expect(await deliver(channels.smtp!, draftFor(doctor))).toEqual({ ok: true });
    const pages = mail.taken.slice(before).map(({ to, text }) => [to, text.includes('Wang Guilan')]);
    expect(pages.toSorted()).toEqual(
      [
        [doctor.email, true],
        [own, true],
        [shared, false],
      ].toSorted(),
    );
  });

  it('tells a group neither names nor the link, and whom it calls', async () => {
    const { doctor } = await doctorOf();
    expect(await deliver(channels.wecom!, draftFor(doctor))).toEqual({ ok: true });
    expect(robot.taken.at(-1)?.text).toContain('somebody');
    expect(robot.taken.at(-1)?.text).toContain(doctor.name[doctor.language]);
    expect(robot.taken.at(-1)?.text).not.toMatch(/Wang Guilan|\/a\//);
  });

  it('that is not critical leaves an address in peace when its owner wishes so', async () => {
    const { doctor, caller } = await doctorOf();
    // all day but its last minute, which is not now where the clock stands elsewhere in its hour
    const timeZone = new Date().getUTCMinutes() < 45 ? 'UTC' : 'Asia/Kathmandu';
    const always: Quiet = { from: '00:00', to: '23:59', timeZone };
    const point = await verified(caller, { kind: 'ntfy' }, ({ address }) => codeIn(ntfy.taken, address));
    await caller.put(`/api/v1/contact-points/${point.id}`, { quiet: always });
    const sent = () => ntfy.taken.filter(({ to }) => to === point.address).length;
    const before = sent();
    expect(await deliver(channels.ntfy!, draftFor(doctor, { severity: 'urgent' }))).toEqual({
      ok: false,
      retry: false,
      fault: 'the clinician wishes quiet at this time',
      ofRecipient: true,
    });
    expect(sent()).toBe(before);
    expect(await deliver(channels.ntfy!, draftFor(doctor, { severity: 'critical' }))).toEqual({ ok: true });
    expect(sent()).toBe(before + 1);
  });

  it('that finds a browser gone says so once, and the browser is no way to anybody from then on', async () => {
    const { doctor, caller } = await doctorOf();
    const browser = push.subscribeAt(pushOrigin, (await mine(caller)).webPushKey ?? '');
    const path = new URL(browser.subscription.endpoint).pathname;
    await verified(caller, { kind: 'web-push', subscription: browser.subscription }, () => codeIn(push.taken, path));
    expect(await deliver(channels['web-push']!, draftFor(doctor))).toEqual({ ok: true });
    browser.unsubscribe();
    expect(await deliver(channels['web-push']!, draftFor(doctor))).toMatchObject({ ok: false, retry: false });
    expect((await mine(caller)).points).toMatchObject([{ gone: true, fault: 'the browser has unsubscribed' }]);
    expect((await reachableBy(t.records, doctor.id)).map(({ channel }) => channel)).toEqual(['smtp']);
    expect(await deliver(channels['web-push']!, draftFor(doctor))).toMatchObject({
      ok: false,
      fault: 'the clinician has no address for this channel',
    });
  });
});
