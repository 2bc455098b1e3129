import { X509Certificate } from 'node:crypto';
import { connect as open } from 'node:net';
import { connect as openTls, type TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { findCredentials, giveToken, newToken, registerSource, revokeSource } from '#runtime/records/sources.ts';
import { boxOf, testAuthority } from '../support/authorities.ts';
import { brokers, entriesOf, hungUp, offlineWill, refusals, texts } from '../support/brokers.ts';
import { type CertifiedHome, certifiedHomes, shownBy } from '../support/certified-homes.ts';
import { closed, connectAs, publish } from '../support/mqtt.ts';
import { connectPacket } from '../support/mqtt-packets.ts';
import { until } from '../support/until.ts';

const { openBroker, enrol, records } = brokers();
const { authority, served, certify, certifyAgain, connectCertified, connectOverTls } = certifiedHomes(records);

const openTlsBroker = (limits = {}) => openBroker({ tls: served(), limits });

describe('over TLS', () => {
  test('a source with a certificate needs neither name nor password, and is heard and answered as any other', async () => {
    const { tlsPort, journal, downlink } = await openTlsBroker();
    const home = await certify();
    const client = await connectCertified(tlsPort, home, { will: offlineWill(topicOf(home.source, 'status')) });
    const heard: string[] = [];
    client.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await client.subscribeAsync(topicOf(home.source, 'receipts'), { qos: 1 });
    downlink.receipts(home.source, { v: 1, receipts: [{ ref: 'r1', outcome: 'stored' }] });
    await until(() => heard.some((line) => line.includes('r1')));
    expect(await publish(client, topicOf(home.source, 'readings'), 'over TLS')).toBe('acknowledged');
    client.stream.destroy();
    expect(texts(await entriesOf(journal, 2))).toEqual(['over TLS', '{"v":1,"state":"offline"}']);
  });

  test('a source with a token is let in beside it, and a wrong token is not', async () => {
    const { tlsPort } = await openTlsBroker();
    const one = await enrol();
    expect((await connectOverTls(tlsPort, one)).connected).toBe(true);
    await expect(connectOverTls(tlsPort, { ...one, secret: newToken() })).rejects.toMatchObject({ code: 4 });
  });

  test.each([
    ["another source's client id", 2, async () => ({ clientId: (await certify()).source })],
    ['an empty client id', 2, async () => ({ clientId: '' })],
    ["another source's user name", 2, async () => ({ username: (await certify()).source })],
    [
      "another source's user name and its right token",
      2,
      async () => {
        const { source, secret } = await enrol();
        return { username: source, password: secret, clientId: source };
      },
    ],
    [
      "a will on another source's status",
      5,
      async () => ({ will: offlineWill(topicOf((await certify()).source, 'status')) }),
    ],
  ])('with a certificate, %s is refused with return code %i', async (_, code, disguise) => {
    const { tlsPort } = await openTlsBroker();
    await expect(connectCertified(tlsPort, await certify(), await disguise())).rejects.toMatchObject({ code });
  });

  test('with a certificate, its own name may be said and a password is not looked at', async () => {
    const { tlsPort } = await openTlsBroker();
    const home = await certify();
    const client = await connectCertified(tlsPort, home, { username: home.source, password: 'whatever' });
    expect(client.connected).toBe(true);
  });

  test.each([
    [
      'that was revoked',
      async (home: CertifiedHome) => {
        await revoke(home);
        return home;
      },
    ],
    [
      'of a revoked source',
      async (home: CertifiedHome) => {
        await revokeSource(records(), home.source, '2026-03-01T10:00:00Z');
        return home;
      },
    ],
    ['that has ended by the records', () => certify('2026-03-01T10:00:00Z')],
    [
      'that never came into the records',
      async ({ source }: CertifiedHome) => ({ source, box: await boxOf(authority(), source) }),
    ],
    [
      'of a source that is not registered',
      async () => {
        const source = SourceId.parse('not-registered');
        return { source, box: await boxOf(authority(), source) };
      },
    ],
    [
      'of another authority',
      async ({ source }: CertifiedHome) => {
        const other = await testAuthority();
        const box = await boxOf(other.authority, source);
        await other.stop();
        return { source, box };
      },
    ],
  ])('a certificate %s is refused with return code 5', async (_, spoil) => {
    const { tlsPort } = await openTlsBroker();
    await expect(connectCertified(tlsPort, await spoil(await certify()))).rejects.toMatchObject({ code: 5 });
  });

  test('the certificate before it opens nothing once the next one was used, and one that was given since then still does', async () => {
    const { tlsPort } = await openTlsBroker();
    const former = await certify();
    const next = await certifyAgain(former.source);
    const later = await certifyAgain(former.source);
    const inForce = async () => (await findCredentials(records(), [former.source])).get(former.source)?.certificates;
    expect((await connectCertified(tlsPort, former)).connected).toBe(true);
    expect((await inForce())?.size).toBe(3);
    expect((await connectCertified(tlsPort, next)).connected).toBe(true);
    const left = new Set([next, later].map(({ box }) => box.issued.fingerprint));
    await until(async () => (await inForce())?.size === 2);
    expect(await inForce()).toEqual(left);
  });

  test("the server's own certificate lets nobody in, neither does a certificate said as a password", async () => {
    const { tlsPort, port } = await openTlsBroker();
    const home = await certify();
    const { key, certificate } = served().credentials();
    await expect(connectCertified(tlsPort, home, { key, cert: certificate })).rejects.toMatchObject({ code: 5 });
    // its fingerprint is the hash that a token of these bytes would have
    const password = new X509Certificate(home.box.issued.certificate).raw;
    const said = { username: home.source, password: password as unknown as string };
    await expect(connectAs(port, { source: home.source, secret: '' }, said)).rejects.toMatchObject({ code: 4 });
    await expect(connectCertified(tlsPort, home, { ...said, key: undefined, cert: undefined })).rejects.toMatchObject({
      code: 4,
    });
  });

  test('TLS 1.2 and 1.3 are spoken, 1.1 is not', async () => {
    const { tlsPort } = await openTlsBroker();
    const spoken = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
      const socket = openTls({
        ...{ port: tlsPort, host: '127.0.0.1', ca: authority().certificate, ciphers: 'DEFAULT@SECLEVEL=0' },
        ...{ minVersion: version, maxVersion: version },
      });
      socket.on('error', () => {});
      const protocol = await new Promise((resolve) => {
        socket.once('secureConnect', () => resolve(socket.getProtocol()));
        socket.once('close', () => resolve(undefined));
      });
      socket.destroy();
      return protocol;
    };
    expect(await spoken('TLSv1.1')).toBeUndefined();
    expect(await spoken('TLSv1.2')).toBe('TLSv1.2');
    expect(await spoken('TLSv1.3')).toBe('TLSv1.3');
  });

  test('a new server certificate is shown to newcomers, and whoever is connected stays so', async () => {
    let now = await authority().serverCredentials(['127.0.0.1', 'before.example']);
    let renewed = () => {};
    const { tlsPort } = await openBroker({
      tls: {
        credentials: () => now.credentials(),
        onRenewed: (callback) => {
          renewed = callback;
        },
      },
    });
    const home = await certify();
    const shown = (client: { stream: unknown }) => (client.stream as TLSSocket).getPeerCertificate().subjectaltname;
    const before = await connectCertified(tlsPort, home);
    expect(shown(before)).toContain('before.example');
    now = await authority().serverCredentials(['127.0.0.1', 'after.example']);
    renewed();
    const after = await connectCertified(tlsPort, await certify());
    expect(shown(after)).toContain('after.example');
    expect(await publish(before, topicOf(home.source, 'readings'), 'still here')).toBe('acknowledged');
  });
});

describe('what was proved once must stay true', () => {
  test('a live session ends when its certificate or its source is revoked, or its token replaced; neighbours stay', async () => {
    const { tlsPort, metrics } = await openTlsBroker({ lookAgainMs: 50 });
    const [one, two, three, neighbour] = [await certify(), await certify(), await enrol(), await certify()];
    const clients = await Promise.all([
      connectCertified(tlsPort, one),
      connectCertified(tlsPort, two),
      connectOverTls(tlsPort, three),
    ]);
    const stays = await connectCertified(tlsPort, neighbour);
    await revoke(one);
    await revokeSource(records(), two.source, '2026-03-01T10:00:00Z');
    await giveToken(records(), three.source, newToken(), { at: '2026-03-01T10:00:00Z' });
    await Promise.all(clients.map(closed));
    expect(stays.connected).toBe(true);
    await expect(connectCertified(tlsPort, one)).rejects.toMatchObject({ code: 5 });
    expect((await refusals(metrics)).revoked).toBe(3);
  });

  test('after a renewal the former certificate is refused as soon as the new one was used, which ends only what it had opened', async () => {
    const { tlsPort } = await openTlsBroker({ lookAgainMs: 50 });
    const former = await certify();
    const renewed = await certifyAgain(former.source);
    const client = await connectCertified(tlsPort, former);
    expect((await connectCertified(tlsPort, renewed)).connected).toBe(true);
    await closed(client);
    // what was read is believed for a while; whoever is let in by that is ended at the next look
    const refused = () =>
      connectCertified(tlsPort, former).then(
        () => false,
        ({ code }) => code === 5,
      );
    await until(refused);
    const successor = await connectCertified(tlsPort, renewed);
    expect(await publish(successor, topicOf(former.source, 'readings'), 'x')).toBe('acknowledged');
  });

  test('a certificate that ends while its source is connected ends the connection', async () => {
    const { tlsPort } = await openTlsBroker({ lookAgainMs: 50 });
    const home = await certify(new Date(Date.now() + 3_000).toISOString());
    await closed(await connectCertified(tlsPort, home));
  });
});

describe('the TLS port against strangers', () => {
  test.each([
    ['plain MQTT', connectPacket({ clientId: 'plain', username: 'plain', password: newToken() })],
    ['zeros', Buffer.alloc(1_000)],
  ])('%s ends the connection and is counted', async (_, bytes) => {
    const { tlsPort, metrics } = await openTlsBroker();
    const socket = open(tlsPort, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write(bytes);
    await hungUp(socket);
    await until(async () => (await refusals(metrics)).handshake === 1);
  });

  test('a handshake that is never finished, and a CONNECT that never comes behind one, are closed in time', async () => {
    const { tlsPort } = await openTlsBroker({ handshakeMs: 200, connectMs: 200 });
    const silent = open(tlsPort, '127.0.0.1');
    silent.on('error', () => {}).resume();
    await hungUp(silent);
    const mute = openTls({ port: tlsPort, host: '127.0.0.1', ca: authority().certificate });
    mute.on('error', () => {}).resume();
    await hungUp(mute);
  });

  test('an address that fails to sign in too often is no longer looked up, but those who are known pass', async () => {
    const { tlsPort, metrics } = await openTlsBroker({ failedPerAddress: { atOnce: 3, perSecond: 0.001 } });
    const [known, unknown, stranger, certified] = [await enrol(), await enrol(), await enrol(), await certify()];
    (await connectOverTls(tlsPort, known)).end(true);
    (await connectCertified(tlsPort, certified)).end(true);
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(connectOverTls(tlsPort, { ...unknown, secret: newToken() })).rejects.toMatchObject({ code: 4 });
    await expect(connectOverTls(tlsPort, { ...unknown, secret: newToken() })).rejects.toMatchObject({ code: 3 });
    await expect(connectOverTls(tlsPort, stranger)).rejects.toMatchObject({ code: 3 });
    expect((await connectOverTls(tlsPort, known)).connected).toBe(true);
    expect((await connectCertified(tlsPort, certified)).connected).toBe(true);
    expect(await refusals(metrics)).toMatchObject({ attempts: 2, credentials: 3 });
  });

  test('an address has only so many connections, and opens only so many in a row', async () => {
    const many = await openTlsBroker({ connectionsPerAddress: 1 });
    const first = await connectOverTls(many.tlsPort, await enrol());
    const next = await enrol();
    await expect(connectOverTls(many.tlsPort, next)).rejects.toThrow();
    // without TLS everybody comes from this machine: there nobody is counted
    await connectAs(many.port, next);
    await first.endAsync();
    await until(() => connectOverTls(many.tlsPort, next).catch(() => undefined));
    expect((await refusals(many.metrics)).address).toBeGreaterThanOrEqual(1);

    const fast = await openTlsBroker({ newPerAddress: { atOnce: 2, perSecond: 1 } });
    const [one, other] = [await enrol(), await enrol()];
    (await connectOverTls(fast.tlsPort, one)).end(true);
    (await connectOverTls(fast.tlsPort, one)).end(true);
    await expect(connectOverTls(fast.tlsPort, other)).rejects.toThrow();
    await until(() => connectOverTls(fast.tlsPort, other).catch(() => undefined));
  });

  test('a source whose name stands in the certificate only as subject is nobody', async () => {
    const { tlsPort } = await openTlsBroker();
    const source = SourceId.parse('only-subject');
    await registerSource(records(), { id: source, kind: 'gateway' });
    const home = await certify();
    await expect(connectCertified(tlsPort, { source, box: home.box }, shownBy(home.box))).rejects.toMatchObject({
      code: 2,
    });
  });
});

const revoke = ({ box }: CertifiedHome) =>
  records()
    .updateTable('source_certificate')
    .set({ revoked_at: '2026-03-01T10:00:00Z' })
    .where('fingerprint', '=', box.issued.fingerprint)
    .execute();
