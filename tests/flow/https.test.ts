import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorityPin, shownPin } from '#domain/enrolment.ts';
import { SetupFault } from '#domain/errors.ts';
import { SourceId } from '#domain/ids.ts';
import { succeedAuthority } from '#runtime/authority/authority-file.ts';
import { openCertificateFiles } from '#runtime/authority/certificate-files.ts';
import { pinForBoxes } from '#runtime/authority/pin.ts';
import { systemClock } from '#runtime/clock.ts';
import { readConfig } from '#runtime/config.ts';
import { silentLog } from '#runtime/log.ts';
import { issueCode } from '#runtime/records/enrolment-codes.ts';
import { registerSource } from '#runtime/records/sources.ts';
import { enrolBox } from '../../gateway-agent/identity/enrolment.ts';
import { trustedNext } from '../../gateway-agent/identity/platform.ts';
import { shiftedClock, testApi } from '../support/api.ts';
import { passphrase, testAuthority } from '../support/authorities.ts';
import { makeClinician, password } from '../support/people.ts';
import { until } from '../support/until.ts';

/** Console and API over TLS, as a home and a browser meet them. */

const clock = shiftedClock(3_000);
let signing: Awaited<ReturnType<typeof testAuthority>>;
let t: Awaited<ReturnType<typeof testApi>>;
let url: URL;

beforeAll(async () => {
  signing = await testAuthority({ clock });
  const shown = await signing.authority.serverCredentials(['localhost', '127.0.0.1']);
  t = await testApi({
    deps: { clock, authority: signing.authority },
    config: { https: { host: '127.0.0.1', port: 0, ...shown }, publicUrl: 'https://127.0.0.1:8443' },
  });
  url = new URL(`https://127.0.0.1:${t.api.httpsPort()}`);
});
afterAll(async () => {
  await t.stop();
  await signing.stop();
});

type Answered = { status: number; headers: Record<string, unknown>; text: string };
function ask(path: string, ca: string, body?: object, headers: Record<string, string> = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const method = body ? 'POST' : 'GET';
    const type = body ? { 'content-type': 'application/json' } : {};
    const asked = request(
      new URL(path, url),
      { method, ca, agent: false, headers: { ...type, ...headers } },
      (answer) => {
        let text = '';
        answer.on('data', (bytes) => {
          text += bytes;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      },
    );
    asked.on('error', reject);
    asked.end(body && JSON.stringify(body));
  });
}

/** SHA-256 of the certificate that is shown just now. */
const shownNow = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false }, () => {
      resolve(createHash('sha256').update(socket.getPeerCertificate().raw).digest('hex'));
      socket.destroy();
    });
    socket.on('error', reject);
  });

async function newCode(name: string) {
  const source = SourceId.parse(name);
  await registerSource(t.records, { id: source, kind: 'gateway', by: 'operator:test' });
  const { code } = await issueCode(t.records, { source, by: 'operator:test', now: clock.now() });
  return { source, code };
}

describe('over TLS', () => {
  it('a person signs in with a cookie for TLS only, and the same routes are there with the same rules', async () => {
    const nurse = await makeClinician(t.records, { teams: [] });
    const ca = signing.authority.certificate;
    const answer = await ask('/api/v1/session', ca, { email: nurse.email, password }, { origin: url.origin });
    expect(answer.status).toBe(200);
    expect(String(answer.headers['set-cookie'])).toMatch(/HttpOnly; Secure; SameSite=Strict/);
    expect(answer.headers['strict-transport-security']).toContain('max-age');
    expect((await ask('/api/v1/worklist', ca)).status).toBe(401);
    expect((await ask('/api/v1/nothing', ca)).status).toBe(404);
    // somebody else's address does not pass for ours
    await expect(ask('/health/live', (await otherAuthority()).certificate)).rejects.toThrow();
  });

  it('nothing older than TLS 1.2 is spoken', async () => {
    const code = await new Promise((resolve) => {
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false, ...old })
        .on('error', (fault: NodeJS.ErrnoException) => resolve(fault.code))
        .on('secureConnect', () => resolve('connected'));
    });
    expect(code).toMatch(/^ERR_SSL/);
  });

  it('a box enrols by the fingerprint that was shown with its code, and says nothing to a server without it', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'hearthbeat-box-'));
    const { source, code } = await newCode('box-over-tls');
    const wish = { url, code, wants: 'certificate', dataDir } as const;
    const wrong = AuthorityPin.parse((await otherAuthority()).fingerprint);
    expect(await enrolBox(systemClock, { ...wish, pin: wrong })).toEqual({ fault: 'authority-unknown' });
    await expect(enrolBox(systemClock, wish)).rejects.toMatchObject({ code: 'platform-away' });
    const pin = AuthorityPin.parse(shownPin(signing.authority.fingerprint));
    const enrolled = await enrolBox(systemClock, { ...wish, pin });
    if ('fault' in enrolled) throw new Error(enrolled.fault);
    const { credential } = enrolled.credentials;
    expect(enrolled.credentials.source).toBe(source);
    if (credential.kind !== 'certificate') throw new Error('no certificate');
    expect(new X509Certificate(credential.certificate).subject).toBe(`CN=${source}`);
    await rm(dataDir, { recursive: true });
  });

  it('a renewed certificate is shown without a restart, and boxes that know the former authority go on', async () => {
    const before = await shownNow();
    const former = signing.authority.certificate;
    await succeedAuthority(signing.folder, passphrase, { now: clock.now(), clientDays: 90, atOnce: false });
    await until(async () => (await shownNow()) !== before);
    expect(signing.authority.certificate).not.toBe(former);
    for (const ca of [former, signing.authority.certificate]) expect((await ask('/health/live', ca)).status).toBe(200);
  });

  it('a box that enrols while one authority takes over from the other trusts both, so it can renew with either', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'hearthbeat-box-'));
    const { code } = await newCode('box-between-authorities');
    const pin = AuthorityPin.parse(shownPin(signing.authority.fingerprint));
    const enrolled = await enrolBox(systemClock, { url, code, wants: 'certificate', dataDir, pin });
    if ('fault' in enrolled) throw new Error(enrolled.fault);
    expect(signing.authority.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(enrolled.credentials.trusted).toBe(signing.authority.certificate);
    // the authority behind a hospital's address is another than the platform's, and is needed at the next renewal, too
    const hospital = (await otherAuthority()).certificate;
    expect(trustedNext(hospital, signing.authority.certificate)).toBe(hospital);
    await rm(dataDir, { recursive: true });
  });
});

it('whoever opens a connection and says nothing keeps no platform from stopping', async () => {
  const shown = await signing.authority.serverCredentials(['127.0.0.1']);
  const other = await testApi({ config: { https: { host: '127.0.0.1', port: 0, ...shown } } });
  const mute = connectPlain(other.api.httpsPort() ?? 0, '127.0.0.1').on('error', () => {});
  const cut = once(mute, 'close');
  await once(mute, 'connect');
  // the one before is among the server's when this one has its answer
  await new Promise<void>((resolve, reject) => {
    const { certificate: ca } = signing.authority;
    const next = connect({ port: other.api.httpsPort(), host: '127.0.0.1', ca }, () => resolve(void next.destroy()));
    next.on('error', reject);
  });
  await other.stop();
  await cut;
});

async function otherAuthority() {
  const other = await testAuthority();
  await other.stop();
  return other.authority;
}

describe('a certificate of the hospital', () => {
  it('is read from its files, again when they have changed, and goes on where they do not fit together just then', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hearthbeat-files-'));
    const [first, second] = await Promise.all([
      signing.authority.serverCredentials(['localhost']),
      signing.authority.serverCredentials(['localhost']),
    ]);
    const files = { certificate: join(folder, 'server.crt'), key: join(folder, 'server.key') };
    const open = () => openCertificateFiles({ clock, log: silentLog }, files);
    expect(open).toThrow(SetupFault);
    await writeFile(files.certificate, first.credentials().certificate);
    await writeFile(files.key, second.credentials().key);
    expect(open).toThrow(/no certificate and its key/);
    await writeFile(files.key, first.credentials().key);
    const opened = open();
    let told = 0;
    opened.onRenewed(() => {
      told += 1;
    });
    await writeFile(files.certificate, second.credentials().certificate);
    await writeFile(files.key, second.credentials().key);
    await until(() => told === 1);
    expect(opened.credentials().key).toBe(second.credentials().key);
    opened.stop();
    await rm(folder, { recursive: true });
  });

  it('needs no fingerprint at the box; neither does a proxy', () => {
    const DATA_DIR = signing.folder;
    const pinOf = (environment: Record<string, string>) =>
      pinForBoxes(readConfig({ DATA_DIR, ...environment }), clock.now());
    const ours = { HTTPS_PORT: '8443', PUBLIC_URL: 'https://home.example:8443' };
    expect(pinOf(ours)).toBe(shownPin(signing.authority.fingerprint));
    expect(pinOf({ ...ours, HTTPS_CERT_FILE: 'server.crt' })).toBeUndefined();
    expect(pinOf({ ...ours, PUBLIC_URL: 'https://home.example' })).toBeUndefined();
    expect(pinOf({ PUBLIC_URL: 'https://home.example' })).toBeUndefined();
    expect(pinOf({ ...ours, DATA_DIR: join(DATA_DIR, 'nowhere') })).toBeUndefined();
  });
});
