import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shownPin } from '#domain/enrolment.ts';
import { SourceId } from '#domain/ids.ts';
import { systemClock } from '#runtime/clock.ts';
import { shutOut } from '#runtime/records/handing-out.ts';
import { findSource } from '#runtime/records/sources.ts';
import { ask } from '../../gateway-agent/control/client.ts';
import { readCredentials } from '../../gateway-agent/identity/credentials.ts';
import { startBus } from '../../simulators/bus.ts';
import { shiftedClock } from '../support/api.ts';
import { testAuthority } from '../support/authorities.ts';
import { refusals } from '../support/brokers.ts';
import { aged, certifiedBoxes } from '../support/certified-boxes.ts';
import { say } from '../support/gateway-command.ts';
import { freePort } from '../support/run.ts';
import { until } from '../support/until.ts';

/** Enrolling as it is typed on a box, and a box that is killed: real processes, the real API over HTTPS, the real broker over TLS. */
const { records, authority, enrol, codeFor, httpsUrl, openDoor, begin } = certifiedBoxes();

const again = (ms: number) => ({ part: 1, backOff: { firstMs: ms, mostMs: ms } });
let made = 0;

describe('a box that comes over HTTPS', () => {
  const enrolling = async (...words: string[]) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'hearthbeat-https-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true }));
    const source = SourceId.parse(`box-over-https-${++made}`);
    const { code } = await codeFor(source);
    const said = say({ DATA_DIR: dataDir }, 'enroll', httpsUrl(), code, ...words);
    return { dataDir, source, exit: await said.code, text: said.text() };
  };

  it('knows a platform with an authority of its own by the digits that came with the code, and renews by it, too', async () => {
    const { metrics } = await openDoor();
    const enrolled = await enrolling('--trust', shownPin(authority().fingerprint).toUpperCase());
    expect(enrolled.text).toContain(`Enrolled as ${enrolled.source}`);
    const before = readCredentials(enrolled.dataDir)!;
    expect(before).toMatchObject({ url: `${httpsUrl()}/`, credential: { kind: 'certificate' } });
    const box = begin(enrolled, { papers: again(60_000) });
    await until(() => box.kept().renewedAt !== undefined && box.kept().former === undefined);
    expect(box.kept().key).not.toBe(before.key);
    await until(() => box.uplink.isConnected());
    expect(await refusals(metrics)).toEqual({});
  });

  it('says nothing to a platform that shows other digits, or that nobody vouches for, and what to do; the code stays good', async () => {
    const [strange, unvouched, noDigits] = await Promise.all([
      enrolling('--trust', '0123456789abcdef0123456789abcdef'),
      enrolling(),
      enrolling('--trust', 'abc'),
    ]);
    expect([strange.exit, unvouched.exit, noDigits.exit]).toEqual([1, 1, 1]);
    expect(strange.text).toContain('was told nothing: compare the fingerprint');
    expect(unvouched.text).toContain('add --trust <fingerprint>');
    expect(noDigits.text).toContain('is no fingerprint of an authority');
    for (const { dataDir, source } of [strange, unvouched, noDigits]) {
      expect(readCredentials(dataDir)).toBeUndefined();
      expect((await findSource(records(), source))?.enrolledAt).toBeNull();
    }
  });

  it('whose clock is years wrong is told to look at it, and not at its network', async () => {
    const clock = shiftedClock();
    clock.ahead(800 * 86_400_000);
    const later = await testAuthority({ clock });
    const { key, certificate } = (await later.authority.serverCredentials(['127.0.0.1'])).credentials();
    const server = createServer({ key, cert: certificate }, (_, answer) => answer.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      server.close();
      await later.stop();
    });
    const { port } = server.address() as { port: number };
    const dataDir = mkdtempSync(join(tmpdir(), 'hearthbeat-https-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true }));
    const trust = ['--trust', later.authority.fingerprint];
    const said = say({ DATA_DIR: dataDir }, 'enroll', `https://127.0.0.1:${port}`, 'K7QM-2XPF', ...trust);
    expect(await said.code).toBe(1);
    expect(said.text()).toMatch(/CERT_NOT_YET_VALID.*look at the clock/);
  });

  it('has a token where it asks for one, and takes it over TLS to the broker that it was told of', async () => {
    await openDoor();
    const enrolled = await enrolling('--token', '--trust', authority().fingerprint);
    const kept = readCredentials(enrolled.dataDir)!;
    expect(kept.credential.kind).toBe('token');
    const uplink = begin(enrolled).uplink;
    await until(() => uplink.isConnected());
  });
});

it('a box that is killed between keeping its new certificate and giving up the old is let in, and says until when', async () => {
  await openDoor();
  const { dataDir, source } = await enrol();
  aged(dataDir);
  const before = readCredentials(dataDir)!;
  const bus = await startBus();
  const environment = { DATA_DIR: dataDir, BUS_ADDRESS: bus.address, TIME_ZONE: 'UTC' };
  const state = async () => {
    const answer = await ask(systemClock, dataDir, { ask: 'state' }).catch(() => undefined);
    return answer?.say === 'state' ? answer.state : undefined;
  };
  const first = say({ ...environment, MQTT_URL: `mqtts://127.0.0.1:${await freePort()}` }, 'run');
  await until(() => readCredentials(dataDir)?.former !== undefined);
  first.child.kill('SIGKILL');
  await first.code;
  const kept = readCredentials(dataDir)!;
  expect(kept.former).toEqual({ key: before.key, credential: before.credential });
  expect(kept.key).not.toBe(before.key);

  const second = say(environment, 'run');
  try {
    await until(async () => (await state())?.connected);
    await until(() => readCredentials(dataDir)?.former === undefined);
    expect(readCredentials(dataDir)?.key).toBe(kept.key);
    const told = say(environment, 'status');
    await told.code;
    expect(told.text()).toMatch(/✔ {2}Certificate +good until 20/);
    const doctor = say(environment, 'doctor');
    await doctor.code;
    expect(doctor.text()).toMatch(/the certificate is good until 20/);

    await shutOut(records(), { source, by: 'operator:test', now: Date.now() });
    await until(async () => (await state())?.trouble === 'refused');
    const refused = say(environment, 'status');
    await refused.code;
    expect(refused.text()).toMatch(/✘ {2}Server +.*it refuses this box/);
  } finally {
    second.child.kill('SIGTERM');
    await second.code;
    await bus.stop();
  }
});
