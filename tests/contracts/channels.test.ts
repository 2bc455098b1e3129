import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Socket,
  type Server as SocketServer,
} from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { SetupFault } from '#domain/errors.ts';
import { AlertId, ClinicianId, PageId } from '#domain/ids.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import type { Channel, OutgoingPage } from '../../rules/channels/channel.ts';
import { channelsFrom } from '../../rules/channels/channels.ts';
import { createSmtpChannel } from '../../rules/channels/smtp.ts';
import { createWebhookChannel } from '../../rules/channels/webhook.ts';

/** Every channel against a real server of its protocol, in good and in bad days. */

const limitMs = 1_200;
const secret = 'a secret of sixteen or more';

let endings: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  await Promise.all(endings.map((end) => end()));
  endings = [];
});

const aPage = (wish: Partial<OutgoingPage> = {}): OutgoingPage => ({
  id: PageId.parse(randomUUID()),
  alerts: [{ alert: AlertId.parse(randomUUID()), step: 1 }],
  severity: 'critical',
  recipient: { id: ClinicianId.parse(randomUUID()), email: 'doctor@clinic.example', language: 'zh' },
  subject: '【危急】血压重度升高（第 2 次呼叫）',
  text: 'CRITICAL: Severely high blood pressure\n\n请打开警报\n.\n..\nhttp://127.0.0.1/alerts/1\n',
  url: 'http://127.0.0.1/alerts/1',
  acknowledgeUrl: 'http://127.0.0.1/a/token1',
  ...wish,
});

async function mailServer(options: SMTPServerOptions = {}): Promise<{ port: number; mails: ParsedMail[] }> {
  const mails: ParsedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _, done) => {
      simpleParser(stream).then((mail) => {
        mails.push(mail);
        done();
      }, done);
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails };
}

const smtpTo = (port: number, credentials = '', sendWithinMs = 10_000) =>
  createSmtpChannel(
    { clock },
    {
      url: `smtp://${credentials}127.0.0.1:${port}`,
      from: 'Hearthbeat <pages@hospital.example>',
      confidential: false,
      sendWithinMs,
    },
  );

async function webServer(answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/pages`;
}

const webhookTo = (url: string, sendWithinMs = 10_000) =>
  createWebhookChannel({ clock }, { url, secret, sendWithinMs });

/** Takes connections and does with them as it is told. */
async function rawServer(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: SocketServer = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const closedPort = async () => {
  const port = await rawServer(() => {});
  await endings.pop()?.();
  return port;
};

/** What every channel does when nothing is as it should be. */
describe.each<[string, (port: number) => Channel]>([
  ['smtp', (port) => smtpTo(port, '', limitMs)],
  ['webhook', (port) => webhookTo(`http://127.0.0.1:${port}/`, limitMs)],
])('the channel %s in bad days', (name, channelTo) => {
  const failsOnPort = async (port: number) => {
    const before = clock.now();
    const delivery = await channelTo(port).send(aPage(), 'doctor@clinic.example');
    expect(clock.now() - before).toBeLessThan(limitMs + 20_000);
    expect(delivery.ok).toBe(false);
    return delivery;
  };

  it('has a name of its own', () => {
    expect(channelTo(1).name).toBe(name);
    expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  it('says "again" when nobody listens', async () => {
    expect(await failsOnPort(await closedPort())).toMatchObject({ retry: true });
  });

  it('says "again", in time, when the server takes the connection and says nothing', async () => {
    expect(await failsOnPort(await rawServer(() => {}))).toMatchObject({ retry: true });
  });

  it('says "again" when the server hangs up', async () => {
    expect(await failsOnPort(await rawServer((socket) => socket.end()))).toMatchObject({ retry: true });
  });

  it('says "again", in time, when the server answers with drops of nonsense for ever', async () => {
    const port = await rawServer((socket) => {
      const dripping = setInterval(() => socket.write('220-'), 50);
      socket.on('close', () => clearInterval(dripping));
    });
    expect(await failsOnPort(port)).toMatchObject({ retry: true });
  });

  it('tells nothing of the page in its fault', async () => {
    const delivery = await failsOnPort(await closedPort());
    expect(JSON.stringify(delivery)).not.toMatch(/doctor@|127\.0\.0\.1|血压/);
  });
});

describe('mail', () => {
  it('carries the page whole, in any language, recognisable when it comes twice', async () => {
    const { port, mails } = await mailServer();
    const channel = smtpTo(port);
    const page = aPage();
    expect(await channel.send(page, 'doctor@clinic.example')).toEqual({ ok: true });
    expect(await channel.send(page, 'doctor@clinic.example')).toEqual({ ok: true });
    expect(mails).toHaveLength(2);
    const [mail, again] = mails;
    expect(mail?.subject).toBe(page.subject);
    expect(mail?.text?.trimEnd()).toBe(page.text.trimEnd());
    expect(mail?.to).toMatchObject({ text: 'doctor@clinic.example' });
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
    const { port } = await mailServer({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such doctor@here'), { responseCode })),
    });
    expect(await smtpTo(port).send(aPage(), 'doctor@clinic.example')).toEqual({
      ok: false,
      retry,
      fault: `the mail server answered ${responseCode}`,
    });
  });

  it('a text refused after it was sent is judged by the answer', async () => {
    const { port } = await mailServer({
      onData: (stream, _, done) => {
        stream.resume();
        stream.on('end', () => done(Object.assign(new Error('later'), { responseCode: 452 })));
      },
    });
    expect(await smtpTo(port).send(aPage(), 'doctor@clinic.example')).toMatchObject({ ok: false, retry: true });
  });

  it('signs in with the user and password of the URL, and says so when they are refused', async () => {
    const accept = { user: 'hb', pass: 'p@ss' };
    const { port, mails } = await mailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _, done) =>
        auth.username === accept.user && auth.password === accept.pass
          ? done(null, { user: 'hb' })
          : done(Object.assign(new Error('no'), { responseCode: 535 })),
    });
    expect(await smtpTo(port, 'hb:p%40ss@').send(aPage(), 'doctor@clinic.example')).toEqual({ ok: true });
    expect(mails).toHaveLength(1);
    expect(await smtpTo(port, 'hb:wrong@').send(aPage(), 'doctor@clinic.example')).toMatchObject({ ok: false });
    expect(mails).toHaveLength(1);
  });

  it('lets no line of a page become a header or a second mail', async () => {
    const { port, mails } = await mailServer();
    const page = aPage({ subject: 'CRITICAL\r\nBcc: everybody@example.org', text: 'one\r\n.\r\nMAIL FROM:<x@y>\r\n' });
    expect(await smtpTo(port).send(page, 'doctor@clinic.example')).toEqual({ ok: true });
    expect(mails).toHaveLength(1);
    expect(mails[0]?.bcc).toBeUndefined();
    expect(mails[0]?.text).toContain('MAIL FROM');
  });
});

describe('the webhook', () => {
  it('posts signed JSON that the receiver can verify, with the same key when it comes twice', async () => {
    const got: { headers: Record<string, unknown>; body: string }[] = [];
    const url = await webServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        got.push({ headers: request.headers, body });
        response.writeHead(204).end();
      });
    });
    const channel = webhookTo(url);
    const page = aPage();
    expect(await channel.send(page)).toEqual({ ok: true });
    expect(await channel.send(page)).toEqual({ ok: true });
    const [first, second] = got;
    expect(first?.headers['idempotency-key']).toBe(page.id);
    expect(second?.headers['idempotency-key']).toBe(page.id);
    expect(first?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(first!.body)).toMatchObject({ v: 2, page: page.id, alerts: page.alerts, text: page.text });

    const signature = String(first?.headers['x-hearthbeat-signature']);
    const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(10);
    const signed = (key: string) => createHmac('sha256', key).update(`${seconds}.${first!.body}`).digest('hex');
    expect(mac).toBe(signed(secret));
    expect(mac).not.toBe(signed('another secret of ours'));
  });

  it.each([
    [200, { ok: true }],
    [202, { ok: true }],
    [400, { ok: false, retry: false, fault: 'the webhook answered 400' }],
    [404, { ok: false, retry: false, fault: 'the webhook answered 404' }],
    [408, { ok: false, retry: true, fault: 'the webhook answered 408' }],
    [429, { ok: false, retry: true, fault: 'the webhook answered 429' }],
    [500, { ok: false, retry: true, fault: 'the webhook answered 500' }],
    [503, { ok: false, retry: true, fault: 'the webhook answered 503' }],
  ])('an answer of %i is read as it is meant', async (status, delivery) => {
    const url = await webServer((_, response) => response.writeHead(status).end('not for the log'));
    expect(await webhookTo(url).send(aPage())).toEqual(delivery);
  });

  it('follows no redirect: a page goes where it was configured to go', async () => {
    let elsewhere = 0;
    const other = await webServer((_, response) => {
      elsewhere++;
      response.end();
    });
    const url = await webServer((_, response) => response.writeHead(307, { location: other }).end());
    expect(await webhookTo(url).send(aPage())).toMatchObject({ ok: false, retry: false });
    expect(elsewhere).toBe(0);
  });

  it('is content with the status of an answer that never ends', async () => {
    const url = await webServer((_, response) => {
      response.writeHead(200);
      const dripping = setInterval(() => response.write('x'.repeat(1_000)), 5);
      response.on('close', () => clearInterval(dripping));
    });
    expect(await webhookTo(url).send(aPage())).toEqual({ ok: true });
  });
});

describe('the channels of a configuration', () => {
  const nothing = {
    SMTP_URL: undefined,
    SMTP_FROM: 'Hearthbeat <hearthbeat@localhost>',
    SMTP_CONFIDENTIAL: false,
    WEBHOOK_URL: undefined,
    WEBHOOK_SECRET: undefined,
  };

  it('are those that have an address', () => {
    expect(channelsFrom(nothing, { clock, log })).toEqual([]);
    const both = {
      ...nothing,
      SMTP_URL: 'smtp://127.0.0.1:25',
      WEBHOOK_URL: 'http://127.0.0.1/',
      WEBHOOK_SECRET: secret,
    };
    expect(channelsFrom(both, { clock, log }).map((c) => [c.name, c.confidential])).toEqual([
      ['smtp', false],
      ['webhook', false],
    ]);
    expect(channelsFrom({ ...both, SMTP_CONFIDENTIAL: true }, { clock, log })[0]?.confidential).toBe(true);
  });

  it('refuse a webhook that could not be signed', () => {
    const wish = { ...nothing, WEBHOOK_URL: 'http://127.0.0.1/' };
    expect(() => channelsFrom(wish, { clock, log })).toThrow(SetupFault);
  });
});
