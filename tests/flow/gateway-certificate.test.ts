import { describe, expect, it } from 'vitest';
import { ReadingsEnvelope } from '#domain/reading.ts';
import { instant, systemClock } from '#runtime/clock.ts';
import type { Journal } from '#runtime/journal.ts';
import { addCertificate } from '#runtime/records/certificates.ts';
import { shutOut } from '#runtime/records/handing-out.ts';
import { keepCredentials, readCredentials } from '../../gateway-agent/identity/credentials.ts';
import { newKey, requestFor } from '../../gateway-agent/identity/keys.ts';
import { paperLimits, renewalAt } from '../../gateway-agent/identity/papers.ts';
import { testAuthority } from '../support/authorities.ts';
import { entriesOf, refusals, texts } from '../support/brokers.ts';
import { aged, certifiedBoxes } from '../support/certified-boxes.ts';
import { take } from '../support/outbox-room.ts';
import { until } from '../support/until.ts';

/** A box with a certificate, from its enrolment to its end: the real API, authority and broker over TLS, the real records. */
const { records, api, authority, enrol, openDoor, begin, lossyWay } = certifiedBoxes();

const again = (ms: number) => ({ part: 1, backOff: { firstMs: ms, mostMs: ms } });
let looks = 0;
/** References of all readings that the broker has acknowledged. */
const refsIn = async (journal: Journal): Promise<Set<string>> => {
  const messages = texts(await entriesOf(journal, 1, `look-${++looks}`));
  const readings = messages.flatMap((text) => ReadingsEnvelope.safeParse(JSON.parse(text)).data?.readings ?? []);
  return new Set(readings.map((reading) => (reading as { ref: string }).ref));
};

describe('a box with a certificate', () => {
  it('signs in with it alone, and what it measured comes in as that of the source in the certificate', async () => {
    const { journal } = await openDoor();
    const box = begin(await enrol());
    expect(box.kept().credential.kind).toBe('certificate');
    take(box.outbox, 1, 3);
    box.uplink.nudge();
    await until(async () => (await refsIn(journal)).size === 3);
    expect((await entriesOf(journal, 1)).map(({ source }) => source)).toContain(box.source);
  });

  it('renews it again and again while it measures: each time with a new key, and nothing is lost on the way', async () => {
    const { journal } = await openDoor();
    const box = begin(await enrol(), { papers: again(600) });
    const keys = new Set<string>();
    for (let n = 1; keys.size < 4; n++) {
      take(box.outbox, n, n);
      box.uplink.nudge();
      await systemClock.sleep(20);
      keys.add(box.kept().key);
    }
    await box.papers.end();
    await until(() => box.uplink.isConnected() && box.kept().former === undefined);
    await until(async () => (await refsIn(journal)).size === box.outbox.count());
    expect(box.papers.standing().trouble).toBeUndefined();
  });

  it('asks again when the answer to its renewal gets lost, meanwhile lives on with what it has, and says so', async () => {
    await openDoor();
    const way = await lossyWay();
    const enrolled = await enrol();
    const before = readCredentials(enrolled.dataDir)!;
    keepCredentials(enrolled.dataDir, { ...before, url: way.url });
    const box = begin(enrolled, { papers: again(1_000) });
    await until(() => way.lost() >= 2 && box.uplink.isConnected());
    expect(box.kept().key).toBe(before.key);
    expect(box.papers.standing().trouble).toBe('platform-away');
    way.loses(false);
    await until(() => box.papers.standing().trouble === undefined && box.kept().former === undefined);
    expect(box.kept().key).not.toBe(before.key);
  });

  it('goes back to its former one where the broker does not take the new, offers that again later, and then gives up the former', async () => {
    const { journal } = await openDoor();
    const enrolled = await enrol();
    const { source, dataDir } = enrolled;
    const { key, credential, ...rest } = readCredentials(dataDir)!;
    const nextKey = await newKey();
    // signed, and not recorded yet
    const issued = await authority().issueFor(source, await requestFor(nextKey));
    if (typeof issued === 'string' || credential.kind !== 'certificate') throw new Error('no certificate');
    const { certificate, notAfter } = issued;
    const next = { ...credential, certificate, notAfter };
    keepCredentials(dataDir, { ...rest, key: nextKey, credential: next, former: { key, credential } });
    const box = begin(enrolled, { papers: { offerAgainMs: 2_500 } });
    take(box.outbox, 1, 1);
    box.uplink.nudge();
    await until(async () => box.uplink.isConnected() && (await refsIn(journal)).size === 1);
    expect(box.kept().former).toEqual({ key, credential });
    await addCertificate(records(), source, issued);
    await until(() => box.kept().former === undefined && box.uplink.isConnected());
    expect(box.kept()).toMatchObject({ key: nextKey, credential: next });
  });

  it('renews the former one where the broker never takes the new, and is not locked out when that ends', async () => {
    await openDoor();
    const enrolled = await enrol();
    aged(enrolled.dataDir);
    const { key, credential, ...rest } = readCredentials(enrolled.dataDir)!;
    const nextKey = await newKey();
    // signed, and withdrawn for good: as when the records come back from a copy of the day before
    const issued = await authority().issueFor(enrolled.source, await requestFor(nextKey));
    if (typeof issued === 'string' || credential.kind !== 'certificate') throw new Error('no certificate');
    const next = { ...credential, certificate: issued.certificate, notAfter: issued.notAfter };
    const renewedAt = instant(systemClock.now());
    keepCredentials(enrolled.dataDir, {
      ...rest,
      renewedAt,
      key: nextKey,
      credential: next,
      former: { key, credential },
    });
    const box = begin(enrolled, { papers: { offerAgainMs: 60_000, lookMs: 100 } });
    await until(() => box.kept().former === undefined && box.uplink.isConnected());
    expect([key, nextKey]).not.toContain(box.kept().key);
  });

  it('keeps the address that it has where a renewal names one without TLS', async () => {
    await openDoor();
    const enrolled = await enrol();
    aged(enrolled.dataDir);
    const before = readCredentials(enrolled.dataDir)!;
    api().config.mqttUrl = 'mqtt://127.0.0.1:1883';
    const box = begin(enrolled);
    await until(() => box.kept().key !== before.key);
    expect(box.kept().mqttUrl).toBe(before.mqttUrl);
  });

  it('is revoked within moments, says so, and does not hammer at the door', async () => {
    const { metrics } = await openDoor();
    const box = begin(await enrol(), { uplink: { refusedMostMs: 60_000 } });
    await until(() => box.uplink.isConnected());
    await shutOut(records(), { source: box.source, by: 'operator:test', now: Date.now() });
    await until(() => box.uplink.trouble()?.kind === 'refused');
    const knocks = async () => Object.values(await refusals(metrics)).reduce((sum, count) => sum + count, 0);
    // pauses double from 50 ms on: some twelve knocks in two minutes where a server that is away would be asked five times a second
    await systemClock.sleep(1_500);
    expect(await knocks()).toBeLessThanOrEqual(7);
  });
});

describe('a box sends nothing', () => {
  it('to a server that another authority vouches for, nor to one with another name, and says so', async () => {
    const stranger = await testAuthority();
    try {
      const doors = [
        { served: await stranger.authority.serverCredentials(['127.0.0.1']), code: 'SELF_SIGNED_CERT_IN_CHAIN' },
        { served: await authority().serverCredentials(['hearthbeat.example']), code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      ];
      for (const { served, code } of doors) {
        const { metrics } = await openDoor(served);
        const box = begin(await enrol());
        take(box.outbox, 1, 1);
        box.uplink.nudge();
        await until(() => box.uplink.trouble() !== undefined);
        expect(box.uplink.trouble()).toEqual({ kind: 'untrusted', code });
        expect(box.outbox.count()).toBe(1);
        expect((await refusals(metrics)).credentials).toBeUndefined();
      }
    } finally {
      await stranger.stop();
    }
  });
});

it('a certificate is due when a third of the time since it was given is left, whatever it was dated back to', async () => {
  const { dataDir } = await enrol();
  const kept = readCredentials(dataDir)!;
  if (kept.credential.kind !== 'certificate') throw new Error('no certificate');
  const ends = Date.parse(kept.credential.notAfter);
  const given = Date.parse(kept.enrolledAt);
  expect(renewalAt(kept, paperLimits.part)).toBeCloseTo(ends - (ends - given) / 3, 0);
  const renewed = { ...kept, renewedAt: new Date(ends - 300_000).toISOString() };
  expect(renewalAt(renewed, paperLimits.part)).toBe(ends - 100_000);
  // given by a clock of another year: then from the certificate itself
  for (const enrolledAt of ['1970-01-01T00:00:00.000Z', '2099-01-01T00:00:00.000Z']) {
    const at = renewalAt({ ...kept, enrolledAt }, paperLimits.part);
    expect(at).toBeLessThan(ends);
    expect(at).toBeGreaterThan(ends - 3_600_000);
  }
});
