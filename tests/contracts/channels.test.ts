import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SetupFault } from '#domain/errors.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { readConfig } from '#runtime/config.ts';
import { silentLog as log } from '#runtime/log.ts';
import type { Channel } from '../../rules/channels/channel.ts';
import { channelsFrom } from '../../rules/channels/channels.ts';
import { createSmtpChannel } from '../../rules/channels/smtp.ts';
import { testAuthority } from '../support/authorities.ts';
import { httpChannels, pushSetting, sendBy } from '../support/page-servers/every-channel.ts';
import { mailServer } from '../support/page-servers/others.ts';
import { aPage } from '../support/page-servers/page.ts';
import { type Credentials, closedPort, type Endings, rawServer, webServer } from '../support/page-servers/web.ts';

/** What every channel does, on good days and bad, against real servers; what is peculiar to one stands in channel-manners.test.ts. */

const limitMs = 500;
/** A machine that is busy may be late, and no channel may hang. */
const lateMs = limitMs + 20_000;
const link = 'https://hearthbeat.example/a/dGhlIHRva2Vu1';

let endings: Endings = [];
afterEach(async () => {
  await Promise.all(endings.map((end) => end()));
  endings = [];
});

let credentials: Credentials;
let ca: string;
beforeAll(async () => {
  const { authority, stop } = await testAuthority();
  const shown = await authority.serverCredentials(['127.0.0.1']);
  credentials = shown.credentials();
  ca = authority.certificate;
  return stop;
});

type Walked = {
  name: string;
  tlsOnly?: true;
  /** To whoever listens at a port. */
  to(port: number, sendWithinMs?: number): { channel: Channel; address: string; secrets: string[] };
};

const smtp: Walked = {
  name: 'smtp',
  to: (port, sendWithinMs = 10_000) => ({
    channel: createSmtpChannel(
      { clock },
      { url: `smtp://127.0.0.1:${port}`, from: 'Hearthbeat <p@h.example>', confidential: false, sendWithinMs },
    ),
    address: 'doctor@clinic.example',
    secrets: ['doctor@clinic'],
  }),
};
const overHttp: Walked[] = httpChannels.map(({ name, tlsOnly, pair }) => ({
  name,
  ...(tlsOnly ? { tlsOnly } : {}),
  to: (port, sendWithinMs) => {
    const { channel, address, secrets } = pair();
    const origin = `${tlsOnly ? 'https' : 'http'}://127.0.0.1:${port}`;
    return {
      channel: channel(origin, { ca, ...(sendWithinMs ? { sendWithinMs } : {}) }),
      address: address(origin),
      secrets,
    };
  },
}));

describe.each([smtp, ...overHttp])('the channel $name in bad days', ({ name, to }) => {
  const failsOnPort = async (port: number) => {
    const { channel, address, secrets } = to(port, limitMs);
    const before = clock.now();
    const delivery = await sendBy(channel, aPage(), address);
    expect(clock.now() - before).toBeLessThan(lateMs);
    expect(delivery.ok).toBe(false);
    for (const secret of [...secrets, '127.0.0.1', '血压', 'doctor@', link])
      expect(JSON.stringify(delivery)).not.toContain(secret);
    return delivery;
  };

  it('has a name of its own', () => {
    expect(to(1).channel.name).toBe(name);
    expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  it('says "again" when nobody listens', async () => {
    expect(await failsOnPort(await closedPort())).toMatchObject({ retry: true });
  });

  it('says "again", in time, when the server takes the connection and says nothing', async () => {
    expect(await failsOnPort(await rawServer(endings, () => {}))).toMatchObject({ retry: true });
  });

  it('says "again" when the server hangs up', async () => {
    expect(await failsOnPort(await rawServer(endings, (socket) => socket.end()))).toMatchObject({ retry: true });
  });

  it('says "again", in time, when the server answers with drops of nonsense for ever', async () => {
    const port = await rawServer(endings, (socket) => {
      const dripping = setInterval(() => socket.write('220-'), 50);
      socket.on('close', () => clearInterval(dripping));
    });
    expect(await failsOnPort(port)).toMatchObject({ retry: true });
  });
});

describe.each(httpChannels)('the channel $name over HTTP', ({ name, readsAnswers, tlsOnly, pair }) => {
  const tls = () => (tlsOnly ? credentials : undefined);
  const meets = async (answer: Parameters<typeof webServer>[1], sendWithinMs = 10_000) => {
    const { channel, address, secrets } = pair();
    const origin = await webServer(endings, answer, tls());
    const delivery = await sendBy(channel(origin, { ca, sendWithinMs }), aPage(), address(origin));
    for (const secret of [...secrets, '127.0.0.1', '血压', 'not for the log'])
      expect(JSON.stringify(delivery)).not.toContain(secret);
    return delivery;
  };

  it('hands a page over whole, with its link where it may, to a server of its protocol', async () => {
    const { channel, address, listener, taken } = pair();
    const origin = await webServer(endings, listener, tls());
    const page = aPage({ acknowledgeUrl: link, mention: '+8613800138000' });
    const by = channel(origin, { ca });
    const to = address(origin);
    expect(await sendBy(by, page, to)).toEqual({ ok: true });
    expect(await sendBy(by, page, to)).toEqual({ ok: true });
    expect(taken).toHaveLength(2);
    const [first, second] = taken;
    expect(first?.text).toContain('血压重度升高');
    expect(first?.id).toBe(second?.id);
    expect(first?.link).toBe(by.reaches === 'group' ? null : link);
    if (by.reaches === 'group') expect(first?.text).toContain(page.recipient.name.zh);
  });

  it('hands over a page far too long, cut at a whole character', async () => {
    const { channel, address, listener, taken } = pair();
    const origin = await webServer(endings, listener, tls());
    const page = aPage({ text: '这是一位患者的警报。'.repeat(2_000), subject: '血压'.repeat(300) });
    expect(await sendBy(channel(origin, { ca }), page, address(origin))).toEqual({ ok: true });
    expect(taken[0]?.text).not.toContain('\uFFFD');
  });

  it.each([
    [400, false],
    [403, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])('reads an answer of %i as it is meant: again %s', async (status, retry) => {
    expect(await meets((_, response) => response.writeHead(status).end('not for the log'))).toEqual({
      ok: false,
      retry,
      fault: expect.stringMatching(`answered ${status}$`),
    });
  });

  it('follows no redirect: a page goes where it was configured to go', async () => {
    let elsewhere = 0;
    const other = await webServer(endings, (_, response) => {
      elsewhere++;
      response.end();
    });
    expect(await meets((_, response) => response.writeHead(307, { location: other }).end())).toMatchObject({
      ok: false,
      retry: false,
    });
    expect(elsewhere).toBe(0);
  });

  it('is told nothing by the page of a portal that answers 200 to everything, unless the status is all there is', async () => {
    const delivery = await meets((_, response) => response.writeHead(200).end('<html>not for the log</html>'));
    if (readsAnswers) expect(delivery).toMatchObject({ ok: false, retry: true });
    else expect(delivery).toEqual({ ok: true });
  });

  it('does not wait for the end of an answer that has none', async () => {
    const before = clock.now();
    const delivery = await meets(
      (_, response) => {
        response.writeHead(200);
        const dripping = setInterval(() => response.write('x'.repeat(1_000)), 5);
        response.on('close', () => clearInterval(dripping));
      },
      readsAnswers ? limitMs : 10_000,
    );
    expect(clock.now() - before).toBeLessThan(lateMs);
    if (readsAnswers) expect(delivery).toMatchObject({ ok: false, retry: true });
    else expect(delivery).toEqual({ ok: true });
  });

  it('speaks to no server whose certificate nobody vouches for', async () => {
    const { channel, address, listener, taken } = pair();
    const origin = await webServer(endings, listener, credentials);
    const delivery = await sendBy(channel(origin), aPage(), address(origin));
    expect(delivery).toEqual({ ok: false, retry: true, fault: expect.stringMatching(/^no secure connection to the /) });
    expect(taken).toEqual([]);
    expect(await sendBy(channel(origin, { ca }), aPage(), address(origin)), name).toEqual({ ok: true });
  });
});

describe('mail', () => {
  it('is handed over whole as well, with its link', async () => {
    const { port, taken } = await mailServer(endings);
    const { channel, address } = smtp.to(port);
    const page = aPage({ text: `看一下\n${link}\n` });
    expect(await sendBy(channel, page, address)).toEqual({ ok: true });
    expect(taken).toMatchObject([{ to: address, link, id: `<${page.id}@h.example>` }]);
  });
});

describe('the channels of a configuration', () => {
  const of = (environment: Record<string, string>) =>
    channelsFrom({ ...readConfig(environment), webPushKey: pushSetting.privateKey }, { clock, log }).map((channel) => [
      channel.name,
      channel.reaches,
      channel.confidential,
    ]);
  const addresses = {
    SMTP_URL: 'smtp://127.0.0.1:25',
    SMS_URL: 'https://sms.example/send?key={id}',
    NTFY_URL: 'https://ntfy.example',
    WEB_PUSH_CONTACT: 'mailto:it@hospital.example',
    WEBHOOK_URL: 'http://127.0.0.1/',
    WEBHOOK_SECRET: 'a secret of sixteen or more',
    WECOM_URL: 'https://wecom.example/?key=1',
    DINGTALK_URL: 'https://ding.example/?access_token=1',
    FEISHU_URL: 'https://feishu.example/hook/1',
  };

  it('are those that have an address, any number of them, each with a name of its own', () => {
    expect(of({})).toEqual([]);
    const all = of(addresses);
    expect(all).toEqual([
      ['smtp', 'email', false],
      ['sms', 'phone', false],
      ['ntfy', 'ntfy', false],
      ['web-push', 'web-push', false],
      ['webhook', 'system', false],
      ['wecom', 'group', false],
      ['dingtalk', 'group', false],
      ['feishu', 'group', false],
    ]);
    expect(all.map(([name]) => name).toSorted()).toEqual(['smtp', ...httpChannels.map(({ name }) => name)].toSorted());
  });

  it('are confidential where that was declared, and nowhere else', () => {
    for (const name of ['SMTP', 'SMS', 'NTFY', 'WEB_PUSH', 'WECOM', 'DINGTALK', 'FEISHU'])
      expect(
        of({ ...addresses, [`${name}_CONFIDENTIAL`]: 'true' }).filter(([, , confidential]) => confidential),
        name,
      ).toHaveLength(1);
  });

  it('refuse a webhook that could not be signed', () => {
    expect(() => of({ WEBHOOK_URL: 'http://127.0.0.1/' })).toThrow(SetupFault);
  });
});
