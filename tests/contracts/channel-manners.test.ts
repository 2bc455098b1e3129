import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock as clock } from '#runtime/clock.ts';
import { createDingTalkChannel } from '../../rules/channels/dingtalk.ts';
import { createFeishuChannel } from '../../rules/channels/feishu.ts';
import { createNtfyChannel } from '../../rules/channels/ntfy.ts';
import { createSmsChannel, type SmsConfig } from '../../rules/channels/sms.ts';
import { createSmtpChannel } from '../../rules/channels/smtp.ts';
import { createWebPushChannel } from '../../rules/channels/web-push.ts';
import { createWebhookChannel } from '../../rules/channels/webhook.ts';
import { createWeComChannel } from '../../rules/channels/wecom.ts';
import { testAuthority } from '../support/authorities.ts';
import { pushSetting, smsSetting } from '../support/page-servers/every-channel.ts';
import { ntfyServer } from '../support/page-servers/ntfy.ts';
import { mailServer, smsGateway, webhookReceiver } from '../support/page-servers/others.ts';
import { aPage } from '../support/page-servers/page.ts';
import { pushService } from '../support/page-servers/push-service.ts';
import { dingTalkRobot, feishuRobot, weComRobot } from '../support/page-servers/robots.ts';
import { bodyOf, type Credentials, type Endings, webServer } from '../support/page-servers/web.ts';

/** What is peculiar to one channel or another; what all do stands in channels.test.ts. */

let endings: Endings = [];
afterEach(async () => {
  await Promise.all(endings.map((end) => end()));
  endings = [];
});

const doctor = 'doctor@clinic.example';
const link = 'https://hearthbeat.example/a/dGhlIHRva2Vu1';

describe('mail', () => {
  const smtpTo = (port: number, credentials = '') =>
    createSmtpChannel(
      { clock },
      {
        url: `smtp://${credentials}127.0.0.1:${port}`,
        from: 'Hearthbeat <pages@hospital.example>',
        confidential: false,
        sendWithinMs: 10_000,
      },
    );

  it('carries the page whole, in any language, recognisable when it comes twice', async () => {
    const { port, taken } = await mailServer(endings);
    const channel = smtpTo(port);
    const page = aPage();
    expect(await channel.send(page, doctor)).toEqual({ ok: true });
    expect(await channel.send(page, doctor)).toEqual({ ok: true });
    const [mail, again] = taken.map((one) => one.mail);
    expect(mail?.subject).toBe(page.subject);
    expect(mail?.text?.trimEnd()).toBe(page.text.trimEnd());
    expect(mail?.to).toMatchObject({ text: doctor });
    expect(mail?.messageId).toBe(`<${page.id}@hospital.example>`);
    expect(again?.messageId).toBe(mail?.messageId);
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail?.headers.get('priority')).toBe('high');
  });

  it.each([
    [450, true],
    [421, true],
    [451, true],
    [550, false],
    [554, false],
  ])('a recipient refused with %i is tried again: %s', async (responseCode, retry) => {
    const { port } = await mailServer(endings, {
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such doctor@here'), { responseCode })),
    });
    expect(await smtpTo(port).send(aPage(), doctor)).toEqual({
      ok: false,
      retry,
      fault: `the mail server answered ${responseCode}`,
    });
  });

  it('a text refused after it was sent is judged by the answer', async () => {
    const { port } = await mailServer(endings, {
      onData: (stream, _, done) => {
        stream.resume();
        stream.on('end', () => done(Object.assign(new Error('later'), { responseCode: 452 })));
      },
    });
    expect(await smtpTo(port).send(aPage(), doctor)).toMatchObject({ ok: false, retry: true });
  });

  it('signs in with the user and password of the URL, and says so when they are refused', async () => {
    const { port, taken } = await mailServer(endings, {
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _, done) =>
        auth.username === 'hb' && auth.password === 'p@ss'
          ? done(null, { user: 'hb' })
          : done(Object.assign(new Error('no'), { responseCode: 535 })),
    });
    expect(await smtpTo(port, 'hb:p%40ss@').send(aPage(), doctor)).toEqual({ ok: true });
    expect(taken).toHaveLength(1);
    expect(await smtpTo(port, 'hb:wrong@').send(aPage(), doctor)).toMatchObject({ ok: false });
    expect(taken).toHaveLength(1);
  });

  it('lets no line of a page become a header or a second mail', async () => {
    const { port, taken } = await mailServer(endings);
    const page = aPage({ subject: 'CRITICAL\r\nBcc: everybody@example.org', text: 'one\r\n.\r\nMAIL FROM:<x@y>\r\n' });
    expect(await smtpTo(port).send(page, doctor)).toEqual({ ok: true });
    expect(taken).toHaveLength(1);
    expect(taken[0]?.mail.bcc).toBeUndefined();
    expect(taken[0]?.mail.text).toContain('MAIL FROM');
  });
});

describe('the webhook', () => {
  it('posts JSON whose signature only its own secret explains, with the same key when it comes twice', async () => {
    const secret = 'a secret of sixteen or more';
    const receiver = webhookReceiver(secret);
    const url = await webServer(endings, receiver.listener);
    const page = aPage();
    const channel = createWebhookChannel({ clock }, { url, secret });
    expect(await channel.send(page)).toEqual({ ok: true });
    expect(await channel.send(page)).toEqual({ ok: true });
    expect(receiver.headers.map((headers) => headers['idempotency-key'])).toEqual([page.id, page.id]);
    expect(JSON.parse(receiver.taken[0]?.text ?? '')).toMatchObject({ v: 2, page: page.id, alerts: page.alerts });
    const wrong = createWebhookChannel({ clock }, { url, secret: 'another secret of ours' });
    expect(await wrong.send(page)).toEqual({ ok: false, retry: false, fault: 'the webhook answered 401' });
  });
});

describe('an SMS gateway', () => {
  const smsTo = (url: string, wish: Partial<SmsConfig> = {}) =>
    createSmsChannel({ clock }, { url, ...smsSetting, confidential: false, ...wish });
  const number = '+8613800138000';

  it('gets the subject and one link, in few characters', async () => {
    const gateway = smsGateway('token-of-the-gateway');
    const url = await webServer(endings, gateway.listener);
    const page = aPage({ acknowledgeUrl: link, subject: `【危急】血压重度升高\r\n${'（第 2 次呼叫）'.repeat(60)}` });
    expect(await smsTo(url).send(page, number)).toEqual({ ok: true });
    const [message] = gateway.taken;
    expect(message).toMatchObject({ to: number, link });
    expect([...(message?.text ?? '')].length).toBeLessThanOrEqual(200);
  });

  it('that answers 200 and says in its body that it took nothing is believed the latter', async () => {
    const url = await webServer(endings, smsGateway('another token').listener);
    expect(await smsTo(url).send(aPage(), number)).toEqual({
      ok: false,
      retry: true,
      fault: 'the SMS gateway did not take the message',
    });
  });

  it.each([
    ['application/json', '{"t":"{text}"}', (body: string) => (JSON.parse(body) as { t: string }).t],
    ['application/x-www-form-urlencoded', 't={text}&n={digits}', (body: string) => new URLSearchParams(body).get('t')],
    [
      'text/xml',
      '<t>{text}</t>',
      (body: string) =>
        body.slice(3, -4).replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
    ],
    ['text/plain', '{text}', (body: string) => body],
  ])('of %s gets a text that cannot leave its place', async (contentType, body, read) => {
    const got: { type: string | undefined; body: string }[] = [];
    const url = await webServer(endings, async (request, response) => {
      got.push({ type: request.headers['content-type'], body: String(await bodyOf(request)) });
      response.end();
    });
    const subject = '"},{"x":"&to=+1</t><t>{to} \\ 血压';
    const channel = smsTo(url, { contentType, body, taken: undefined });
    expect(await channel.send(aPage({ subject }), number)).toEqual({ ok: true });
    expect(got[0]?.type).toBe(contentType);
    expect(read(got[0]?.body ?? '')).toContain(subject);
  });

  it('may be one that is asked by GET', async () => {
    const got: URL[] = [];
    const url = await webServer(endings, (request, response) => {
      got.push(new URL(request.url ?? '', 'http://sms.example'));
      response.end('OK: 1');
    });
    const channel = smsTo(`${url}/send?to={digits}&text={text}`, { method: 'GET', taken: /^OK/u });
    expect(await channel.send(aPage({ subject: '50% & mehr' }), number)).toEqual({ ok: true });
    expect(got[0]?.searchParams.get('to')).toBe('8613800138000');
    expect(got[0]?.searchParams.get('text')).toContain('50% & mehr');
  });
});

describe('ntfy', () => {
  it('rings the louder the graver it is, and has a button that leads to the link', async () => {
    const server = ntfyServer('tk');
    const url = await webServer(endings, server.listener);
    const channel = createNtfyChannel({ clock }, { url, token: 'tk', confidential: false });
    for (const severity of ['routine', 'urgent', 'critical'] as const)
      expect(await channel.send(aPage({ severity, acknowledgeUrl: link }), 'topic')).toEqual({ ok: true });
    expect(server.taken.map(({ priority }) => priority)).toEqual([3, 4, 5]);
    expect(server.taken.map((one) => one.link)).toEqual([link, link, link]);
    const stranger = createNtfyChannel({ clock }, { url, token: 'other', confidential: false });
    expect(await stranger.send(aPage(), 'topic')).toEqual({
      ok: false,
      retry: false,
      fault: 'the ntfy server answered 403',
    });
  });
});

describe('Web Push', () => {
  let credentials: Credentials;
  let ca: string;
  beforeAll(async () => {
    const { authority, stop } = await testAuthority();
    credentials = (await authority.serverCredentials(['127.0.0.1'])).credentials();
    ca = authority.certificate;
    return stop;
  });
  const pushTo = (hosts: string, wish: { privateKey?: string } = {}) =>
    createWebPushChannel({ clock }, { ...pushSetting, hosts, confidential: false, ca, ...wish });
  const opened = async () => {
    const service = pushService();
    const origin = await webServer(endings, service.listener, credentials);
    const channel = pushTo('127.0.0.1');
    const browser = service.subscribeAt(origin, channel.publicKey ?? '');
    return { service, channel, address: JSON.stringify(browser.subscription), unsubscribe: browser.unsubscribe };
  };

  it('is read by the browser alone, with all that its screen needs', async () => {
    const { service, channel, address } = await opened();
    const page = aPage({ acknowledgeUrl: link });
    expect(await channel.send(page, address)).toEqual({ ok: true });
    expect(service.taken[0]).toMatchObject({
      urgency: 'high',
      shown: { title: page.subject, tag: page.id, url: page.url, acknowledgeUrl: link, critical: true, language: 'zh' },
    });
  });

  it('signed with another key than the browser knows is refused', async () => {
    const { address, service } = await opened();
    const other = pushTo('127.0.0.1', { privateKey: 'A6dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM9Q' });
    expect(await other.send(aPage(), address)).toEqual({
      ok: false,
      retry: false,
      fault: 'the push service answered 403',
    });
    expect(service.taken).toEqual([]);
  });

  it('says of a browser that has unsubscribed that it is gone', async () => {
    const { channel, address, unsubscribe } = await opened();
    unsubscribe();
    expect(await channel.send(aPage(), address)).toMatchObject({ ok: false, retry: false, gone: true });
  });

  it('is sent to no host but those of push services, so that nobody can make the platform call its own network', async () => {
    const { service, address } = await opened();
    for (const hosts of ['fcm.googleapis.com', '*.0.0.1x', '', '*.127.0.0.1'])
      expect(await pushTo(hosts).send(aPage(), address)).toMatchObject({ ok: false, retry: false });
    expect(service.taken).toEqual([]);
  });

  it.each([
    'no JSON',
    '{}',
    '{"endpoint":"http://127.0.0.1/","keys":{"p256dh":"","auth":""}}',
    `{"endpoint":"https://127.0.0.1/x","keys":{"p256dh":"${'A'.repeat(87)}","auth":"${'A'.repeat(22)}"}}`,
  ])('with a damaged subscription goes nowhere: %s', async (address) => {
    expect(await pushTo('127.0.0.1').send(aPage(), address)).toMatchObject({ ok: false, retry: false, gone: true });
  });
});

describe('group robots', () => {
  const robots = [
    [
      'wecom',
      weComRobot('k'),
      (url: string) => createWeComChannel({ clock }, { url: `${url}/?key=k`, confidential: false }),
      [-1, 45009],
      [93000, 40008],
    ],
    [
      'dingtalk',
      dingTalkRobot('t'),
      (url: string) => createDingTalkChannel({ clock }, { url: `${url}/?access_token=t`, confidential: false }),
      [-1, 130101],
      [310000, 300001],
    ],
    [
      'feishu',
      feishuRobot(),
      (url: string) => createFeishuChannel({ clock }, { url, confidential: false }),
      [11232],
      [19021, 19024, 9499],
    ],
  ] as const;

  it.each(robots)('%s is believed what it says within an HTTP 200', async (_, robot, to, passing, final) => {
    const channel = to(await webServer(endings, robot.listener));
    for (const code of [...passing, ...final]) {
      robot.answerCode(code);
      const delivery = await channel.send(aPage());
      expect(delivery, String(code)).toMatchObject({ ok: false, retry: passing.some((one) => one === code) });
      expect(delivery).toMatchObject({ fault: expect.stringMatching(new RegExp(`refused with code ${code}$`)) });
    }
  });

  it('that sign with another secret, or with none, are refused by theirs', async () => {
    const ding = await webServer(endings, dingTalkRobot('t', 'SECright0123456789').listener);
    const feishu = await webServer(endings, feishuRobot('right-0123456789').listener);
    for (const secret of ['SECwrong0123456789', undefined]) {
      const byDing = createDingTalkChannel({ clock }, { url: `${ding}/?access_token=t`, secret, confidential: false });
      const byFeishu = createFeishuChannel({ clock }, { url: feishu, secret, confidential: false });
      expect(await byDing.send(aPage())).toMatchObject({ fault: 'the DingTalk robot refused with code 310000' });
      expect(await byFeishu.send(aPage())).toMatchObject({ fault: 'the Feishu robot refused with code 19021' });
    }
  });

  it('mention whom they call by the number the vendor knows, and nobody else', async () => {
    const [wecom, ding] = [weComRobot('k'), dingTalkRobot('t')];
    const [atWecom, atDing] = [await webServer(endings, wecom.listener), await webServer(endings, ding.listener)];
    for (const mention of ['+8613800138000', null]) {
      const page = aPage({ mention, text: '<at user_id="all">所有人</at>' });
      await createWeComChannel({ clock }, { url: `${atWecom}/?key=k`, confidential: false }).send(page);
      await createDingTalkChannel({ clock }, { url: `${atDing}/?access_token=t`, confidential: false }).send(page);
    }
    expect(wecom.taken.map(({ to }) => to)).toEqual(['13800138000', '']);
    expect(ding.taken.map(({ to }) => to)).toEqual(['13800138000', '']);
    const feishu = feishuRobot();
    const url = await webServer(endings, feishu.listener);
    await createFeishuChannel({ clock }, { url, confidential: false }).send(aPage({ text: '<at user_id="all"></at>' }));
    expect(feishu.taken[0]?.text).not.toContain('<at');
  });
});
