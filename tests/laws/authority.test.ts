import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { AuthorityPin, isPinned, SourceCredential, shownPin } from '#domain/enrolment.ts';
import { SourceId } from '#domain/ids.ts';
import { openAuthority } from '#runtime/authority/authority.ts';
import { authorityFile, succeedAuthority } from '#runtime/authority/authority-file.ts';
import { fingerprintOf } from '#runtime/authority/certificates.ts';
import { passphraseFrom } from '#runtime/authority/passphrase.ts';
import { silentLog } from '#runtime/log.ts';
import { shiftedClock } from '../support/api.ts';
import { boxOf, passphrase, shakeHands, testAuthority, tlsServer } from '../support/authorities.ts';
import { certificateRequest, makeKey } from '../support/certificate-requests.ts';
import { until } from '../support/until.ts';

/** What certificates of the platform's own authority say, and who is let in with them. */

const gateway = SourceId.parse('gw-7k3mq2');
const dayMs = 86_400_000;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function opened(wish: Parameters<typeof testAuthority>[0] = {}) {
  const test = await testAuthority(wish);
  ends.push(test.stop);
  return test;
}

async function serving({ authority }: Awaited<ReturnType<typeof opened>>) {
  const served = await authority.serverCredentials(['localhost', '127.0.0.1']);
  const server = await tlsServer(served.credentials());
  ends.push(server.stop);
  return { ...server, served };
}

describe('a certificate for a box', () => {
  it('names its source as URI, is good for 90 days, for signing in as a client, and for nothing else', async () => {
    const { authority } = await opened();
    const { issued } = await boxOf(authority, gateway);
    const certificate = new X509Certificate(issued.certificate);
    const root = new X509Certificate(authority.certificate);
    expect(certificate.subject).toBe('CN=gw-7k3mq2');
    expect(certificate.subjectAltName).toBe('URI:urn:hearthbeat:source:gw-7k3mq2');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(root) && certificate.verify(root.publicKey)).toBe(true);
    expect(fingerprintOf(issued.certificate)).toBe(issued.fingerprint);
    expect(certificate.serialNumber.toLowerCase()).toBe(issued.serial);
    expect(Date.parse(certificate.validTo)).toBe(Date.parse(issued.notAfter));
    expect(Date.parse(issued.notAfter) - Date.parse(issued.issuedAt)).toBeGreaterThan(90 * dayMs - 2_000);
    expect(root.ca && root.checkIssued(root) && root.verify(root.publicKey)).toBe(true);
    expect(
      SourceCredential.safeParse({ kind: 'certificate', ...issued, authority: authority.certificate }).success,
    ).toBe(true);
  });

  it('is given for keys of every kind that TLS takes, and to nobody who does not hold the key', async () => {
    const { authority } = await opened();
    const server = await serving({ authority } as Awaited<ReturnType<typeof opened>>);
    const rsa = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: 'SHA-256',
    };
    for (const algorithm of [{ name: 'Ed25519' }, { name: 'ECDSA', namedCurve: 'P-384' }, rsa]) {
      const { key, issued } = await boxOf(authority, gateway, await makeKey(algorithm));
      const caller = { authority: authority.certificate, key, certificate: issued.certificate };
      expect(await shakeHands(server.port, caller)).toBe('URI:urn:hearthbeat:source:gw-7k3mq2');
    }
    const seen = await certificateRequest(await makeKey(), await makeKey());
    expect(await authority.issueFor(gateway, seen)).toBe('unsigned');
    expect(await authority.issueFor(gateway, 'nonsense')).toBe('malformed');
  });
});

describe('a handshake', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'succeeds for a box of this authority only, and with a server of this authority only (%s)',
    async (version) => {
      const [ours, theirs] = [await opened(), await opened()];
      const server = await serving(ours);
      const mine = await boxOf(ours.authority, gateway);
      const foreign = await boxOf(theirs.authority, gateway);
      const shake = (caller: Partial<Parameters<typeof shakeHands>[1]>) =>
        shakeHands(server.port, { authority: ours.authority.certificate, version, ...caller });
      const { key, issued } = mine;
      expect(await shake({ key, certificate: issued.certificate })).toBe(`URI:urn:hearthbeat:source:${gateway}`);
      expect(await shake({})).toBe('refused');
      expect(await shake({ key: foreign.key, certificate: foreign.issued.certificate })).toBe('refused');
      // a server's certificate opens no door
      const own = server.served.credentials();
      expect(await shake({ key: own.key, certificate: own.certificate })).toBe('refused');
      const name = 'somewhere.example';
      expect(await shake({ key, certificate: issued.certificate, name })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
      const authority = theirs.authority.certificate;
      expect(await shake({ key, certificate: issued.certificate, authority })).toBe('SELF_SIGNED_CERT_IN_CHAIN');
    },
  );

  it('fails with a certificate that has ended, and with one from an hour that has not come', async () => {
    const clock = shiftedClock();
    const test = await opened({ clock });
    clock.ahead(-91 * dayMs);
    const ended = await boxOf(test.authority, gateway);
    clock.ahead(2 * 91 * dayMs);
    const early = await boxOf(test.authority, gateway);
    clock.ahead(-91 * dayMs);
    const server = await serving(test);
    const { certificate: authority } = test.authority;
    for (const { key, issued } of [ended, early])
      expect(await shakeHands(server.port, { authority, key, certificate: issued.certificate })).toBe('refused');
  });

  it('shows whoever knows nothing but a fingerprint the authority it belongs to', async () => {
    const { authority } = await opened();
    const served = await authority.serverCredentials(['localhost']);
    const [, root = ''] = served.credentials().certificate.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
    expect(fingerprintOf(root)).toBe(authority.fingerprint);
    const typed = AuthorityPin.parse(` ${shownPin(authority.fingerprint).toUpperCase()}`);
    expect(isPinned(typed, authority.fingerprint)).toBe(true);
    expect(isPinned(typed, (await opened()).authority.fingerprint)).toBe(false);
    expect(AuthorityPin.safeParse(authority.fingerprint.slice(0, 31)).success).toBe(false);
  });

  it('takes place also with a box whose clock stands half a year behind', async () => {
    const { authority } = await opened();
    const served = await authority.serverCredentials(['localhost']);
    const { certificate } = served.credentials();
    for (const pem of certificate.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? [])
      expect(Date.parse(new X509Certificate(pem).validFrom)).toBeLessThan(Date.now() - 180 * dayMs);
    const { validFrom, validTo } = new X509Certificate(certificate);
    expect(Date.parse(validTo) - Date.parse(validFrom)).toBeLessThanOrEqual(398 * dayMs);
  });
});

describe('the authority’s key', () => {
  it('lies encrypted and for its owner alone, is the same after a restart, and opens with its passphrase only', async () => {
    const { authority, folder } = await opened();
    const text = readFileSync(authorityFile(folder), 'utf8');
    expect(text).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(text).not.toContain('BEGIN PRIVATE KEY');
    expect(statSync(authorityFile(folder)).mode & 0o777).toBe(0o600);
    expect((await opened({ folder })).authority.fingerprint).toBe(authority.fingerprint);
    const deps = { clock: shiftedClock(), log: silentLog };
    const other = 'a passphrase of somebody else';
    await expect(openAuthority(deps, { folder, passphrase: other })).rejects.toThrow(/AUTHORITY_PASSPHRASE/);
    const moved = await openAuthority(deps, { folder, passphrase: other, formerPassphrase: passphrase });
    ends.push(moved.stop);
    expect(moved.fingerprint).toBe(authority.fingerprint);
    await expect(openAuthority(deps, { folder, passphrase })).rejects.toThrow(/AUTHORITY_PASSPHRASE/);
    writeFileSync(authorityFile(folder), text.slice(0, 400));
    await expect(openAuthority(deps, { folder, passphrase: other })).rejects.toThrow(/is damaged/);
  });

  it('is put under another passphrase of one’s own, and back under the one that was made', async () => {
    const { authority, folder } = await opened();
    const files = ['a', 'b'].map((name) => join(folder, name)) as [string, string];
    for (const file of files) writeFileSync(file, `the passphrase in ${file}\n`);
    const [AUTHORITY_PASSPHRASE_FILE, AUTHORITY_FORMER_PASSPHRASE_FILE] = files;
    const steps = [
      { AUTHORITY_PASSPHRASE_FILE: AUTHORITY_FORMER_PASSPHRASE_FILE },
      { AUTHORITY_PASSPHRASE_FILE, AUTHORITY_FORMER_PASSPHRASE_FILE },
      { AUTHORITY_FORMER_PASSPHRASE_FILE: AUTHORITY_PASSPHRASE_FILE },
    ];
    for (const step of steps) {
      const again = await openAuthority(
        { clock: shiftedClock(), log: silentLog },
        { folder, ...passphraseFrom(step, passphrase) },
      );
      ends.push(again.stop);
      expect(again.fingerprint).toBe(authority.fingerprint);
    }
  });

  it('is one, however many processes begin at once', async () => {
    const { folder, stop } = await testAuthority();
    await stop();
    mkdirSync(folder);
    const all = await Promise.all(Array.from({ length: 4 }, () => opened({ folder })));
    expect(new Set(all.map(({ authority }) => authority.fingerprint)).size).toBe(1);
  });
});

describe('what a server shows', () => {
  it('is renewed at half of its life, also where another authority has taken over, and whoever uses it is told', async () => {
    const clock = shiftedClock(3_000);
    clock.ahead(-16 * dayMs);
    const test = await opened({ clock });
    const served = await test.authority.serverCredentials(['localhost']);
    const first = served.credentials();
    let told = 0;
    served.onRenewed(() => {
      told += 1;
    });
    clock.ahead(16 * dayMs);
    await until(() => told === 1);
    expect(served.credentials().certificate).not.toBe(first.certificate);
    expect(served.credentials().authority).toBe(first.authority);

    const before = test.authority.fingerprint;
    const box = await boxOf(test.authority, gateway);
    await succeedAuthority(test.folder, passphrase, { now: clock.now(), clientDays: 90, atOnce: false });
    await until(() => told === 2);
    // who is there trusts the former one, and both are trusted
    expect(test.authority.fingerprint).toBe(before);
    const server = await tlsServer(served.credentials());
    ends.push(server.stop);
    const newer = await boxOf(test.authority, gateway);
    for (const { key, issued } of [box, newer])
      for (const authority of [first.authority, test.authority.certificate])
        expect(await shakeHands(server.port, { authority, key, certificate: issued.certificate })).toMatch(/^URI:/);
    const issuer = ({ issued }: typeof box) => new X509Certificate(issued.certificate).issuer;
    expect(issuer(newer)).not.toBe(issuer(box));

    clock.ahead(92 * dayMs);
    await until(() => test.authority.fingerprint !== before);
    await until(() => served.credentials().authority !== first.authority);
    expect(test.authority.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  });

  it('never names more authorities than a box takes: another waits until the eldest has ended, but not behind a theft', async () => {
    const { authority, folder } = await opened();
    const now = Date.now();
    const succeed = (atOnce: boolean) => succeedAuthority(folder, passphrase, { now, clientDays: 90, atOnce });
    for (let n = 0; n < 3; n++) await succeed(false);
    await expect(succeed(false)).rejects.toThrow(/trusted already/);
    const again = await opened({ folder });
    const { issued } = await boxOf(again.authority, gateway);
    const credential = { kind: 'certificate', ...issued, authority: again.authority.certificate };
    expect(SourceCredential.safeParse(credential).success).toBe(true);
    expect(again.authority.certificate).toContain(authority.certificate);
    await succeed(true);
    expect((await opened({ folder })).authority.certificate).not.toContain(authority.certificate);
  });

  it('no longer stands for an authority whose key was stolen', async () => {
    const clock = shiftedClock(3_000);
    const { authority, folder } = await opened({ clock });
    const stolen = authority.fingerprint;
    await succeedAuthority(folder, passphrase, { now: clock.now(), clientDays: 90, atOnce: true });
    await until(() => authority.fingerprint !== stolen);
    expect(authority.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  });
});

it('says in time that what its servers show was not renewed', async () => {
  const clock = shiftedClock(3_000);
  const { authority, folder } = await opened({ clock });
  await authority.serverCredentials(['localhost']);
  writeFileSync(authorityFile(folder), 'damaged');
  clock.ahead(24 * dayMs);
  expect(authority.health().state).toBe('ok');
  clock.ahead(2 * dayMs);
  expect(authority.health()).toMatchObject({ state: 'degraded', trouble: 'certificate-ending' });
});

it('says a year before it ends that another should take over', async () => {
  const clock = shiftedClock();
  const { authority } = await opened({ clock });
  expect(authority.health().state).toBe('ok');
  clock.ahead(3_300 * dayMs);
  expect(authority.health()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('authority new') });
});
