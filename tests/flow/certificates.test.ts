import { sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnrolmentAnswer, type EnrolmentCode, type RenewalRequest, renewalText } from '#domain/enrolment.ts';
import { SourceId } from '#domain/ids.ts';
import type { Problem } from '#domain/views.ts';
import { fingerprintOf } from '#runtime/authority/certificates.ts';
import { signedWithinMs } from '#runtime/authority/renewal-proof.ts';
import { listAudit } from '#runtime/records/audit.ts';
import { certificatesOf, revokeCertificate, supersedeBefore } from '#runtime/records/certificates.ts';
import { issueCode } from '#runtime/records/enrolment-codes.ts';
import { inForceAtMost } from '#runtime/records/renewals.ts';
import { findCredentials, giveToken, newToken, registerSource, revokeSource } from '#runtime/records/sources.ts';
import { renewalLimits, renewalsOfOne } from '../../clinician-api/routes/renewals.ts';
import { shiftedClock, testApi } from '../support/api.ts';
import { keyPem, testAuthority } from '../support/authorities.ts';
import { certificateRequest, enrolmentBody, type KeyPair, makeKey } from '../support/certificate-requests.ts';

/** How a box gets its certificate and the next one, over HTTP and against the records. */

const clock = shiftedClock();
let t: Awaited<ReturnType<typeof testApi>>;
let signing: Awaited<ReturnType<typeof testAuthority>>;
let keys: KeyPair;
let nextKeys: KeyPair;
let made = 0;

beforeAll(async () => {
  signing = await testAuthority({ clock });
  t = await testApi({ deps: { clock, authority: signing.authority } });
  [keys, nextKeys] = [await makeKey(), await makeKey()];
});
afterAll(async () => {
  await t.stop();
  await signing.stop();
});

async function newSource(): Promise<{ source: SourceId; code: EnrolmentCode }> {
  made += 1;
  const source = SourceId.parse(`box-${made}`);
  await registerSource(t.records, { id: source, kind: 'gateway', by: 'operator:test' });
  const { code } = await issueCode(t.records, { source, by: 'operator:test', now: clock.now() });
  return { source, code };
}

type Answer = EnrolmentAnswer & Problem;
/** From an address of its own, so that no test is refused for what another has tried. */
const post = (path: string, body: unknown, from = `10.${made}.0.1`) =>
  t.caller().post<Answer>(`/api/v1/${path}`, body, { 'x-forwarded-for': from });

type Issued = { certificate: string; authority: string; notAfter: string };
function certificateIn({ status, body }: { status: number; body: Answer }): Issued {
  const { credential } = status === 200 ? EnrolmentAnswer.parse(body) : { credential: undefined };
  if (credential?.kind !== 'certificate') throw new Error(`no certificate: ${status} ${body.code}`);
  return credential;
}

async function enrolled(): Promise<{ source: SourceId; certificate: string; code: EnrolmentCode }> {
  const { source, code } = await newSource();
  const { certificate } = certificateIn(await post('enrolments', await enrolmentBody(code, keys)));
  return { source, code, certificate };
}

async function renewal(
  certificate: string,
  change: { signedBy?: KeyPair; at?: number; requested?: KeyPair; requestSignedBy?: KeyPair } = {},
): Promise<RenewalRequest> {
  const { signedBy = keys, requested = nextKeys } = change;
  const parts = {
    certificateRequest: await certificateRequest(requested, change.requestSignedBy ?? requested),
    at: new Date(change.at ?? clock.now()).toISOString(),
  };
  const digest = signedBy.privateKey.algorithm.name === 'Ed25519' ? null : 'sha256';
  const signature = sign(digest, Buffer.from(renewalText(parts)), await keyPem(signedBy)).toString('base64');
  return { v: 1, certificate, ...parts, signature };
}

const inForce = async (source: SourceId): Promise<Set<string>> =>
  new Set((await findCredentials(t.records, [source])).get(source)?.certificates);
const fingerprints = (...certificates: string[]) => new Set(certificates.map(fingerprintOf));

describe('a box that enrols', () => {
  it('gets a certificate for its key that is in force at once, and the authority by which it knows the platform', async () => {
    const { source, code } = await newSource();
    const answered = certificateIn(await post('enrolments', await enrolmentBody(code, keys)));
    expect(answered.authority).toBe(signing.authority.certificate);
    expect(Date.parse(answered.notAfter)).toBeGreaterThan(clock.now() + 89 * 86_400_000);
    expect(await inForce(source)).toEqual(fingerprints(answered.certificate));
    expect((await findCredentials(t.records, [source])).get(source)).toMatchObject({
      secretHash: null,
      revoked: false,
    });
  });

  it('gets a token where it asks for one, and what it had before is void; the other way round as well', async () => {
    const { source } = await enrolled();
    const { code } = await issueCode(t.records, { source, by: 'operator:test', now: clock.now() });
    const { body } = await post('enrolments', { ...(await enrolmentBody(code, keys)), credential: 'token' });
    expect(body.credential).toMatchObject({ kind: 'token', authority: signing.authority.certificate });
    expect(await inForce(source)).toEqual(new Set());
    const { code: another } = await issueCode(t.records, { source, by: 'operator:test', now: clock.now() });
    const { certificate } = certificateIn(await post('enrolments', await enrolmentBody(another, nextKeys)));
    expect((await findCredentials(t.records, [source])).get(source)?.secretHash).toBeNull();
    expect(await inForce(source)).toEqual(fingerprints(certificate));
  });

  it('and asks again because its answer got lost, gets another certificate, and the lost one opens nothing', async () => {
    const { source, code } = await newSource();
    const body = await enrolmentBody(code, keys);
    const lost = certificateIn(await post('enrolments', body));
    const again = certificateIn(await post('enrolments', body));
    expect(lost.certificate).not.toBe(again.certificate);
    expect(await inForce(source)).toEqual(fingerprints(again.certificate));
  });

  it('and comes twice at once, has one certificate in force, and that is one of those it was sent', async () => {
    const { source, code } = await newSource();
    const body = await enrolmentBody(code, keys);
    const answers = await Promise.all(Array.from({ length: 4 }, () => post('enrolments', body)));
    const sent = fingerprints(...answers.map((answer) => certificateIn(answer).certificate));
    const [only, ...more] = await inForce(source);
    expect([sent.size, more.length, sent.has(only ?? '')]).toEqual([4, 0, true]);
  });

  it('leaves no certificate behind where the code was refused', async () => {
    const { source, code } = await newSource();
    await revokeSource(t.records, source, new Date(clock.now()).toISOString(), 'operator:test');
    expect((await post('enrolments', await enrolmentBody(code, keys))).body.code).toBe('code-unknown');
    expect(await certificatesOf(t.records, source, { limit: 5 })).toEqual([]);
    const [refusal] = await listAudit(t.records, { limit: 1 });
    expect(refusal).toMatchObject({ by: 'nobody', action: 'source-enrolled', outcome: 'code-unknown', source: null });
  });
});

describe('a box that renews', () => {
  it('proves itself with the key that it has, and has two certificates until it has used the new one', async () => {
    const { source, certificate } = await enrolled();
    clock.ahead(60 * 86_400_000);
    const next = certificateIn(await post('renewals', await renewal(certificate)));
    expect(await inForce(source)).toEqual(fingerprints(certificate, next.certificate));
    const later = certificateIn(await post('renewals', await renewal(next.certificate, { signedBy: nextKeys })));
    const used = { source, fingerprint: fingerprintOf(next.certificate), at: new Date(clock.now()).toISOString() };
    await supersedeBefore(t.records, used);
    expect(await inForce(source)).toEqual(fingerprints(next.certificate, later.certificate));
    expect((await post('renewals', await renewal(certificate))).body.code).toBe('certificate-unknown');
    const [row] = await listAudit(t.records, { limit: 1, source });
    expect(row).toMatchObject({
      by: `source:${source}`,
      action: 'certificate-renewed',
      outcome: 'done',
      detail: { former: used.fingerprint, fingerprint: fingerprintOf(later.certificate) },
    });
  });

  it.each([
    ['Ed25519', { name: 'Ed25519' }],
    [
      'RSA',
      { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
    ],
  ])('may have an %s key', async (_, algorithm) => {
    const { code } = await newSource();
    const own = await makeKey(algorithm);
    const { certificate } = certificateIn(await post('enrolments', await enrolmentBody(code, own)));
    expect((await post('renewals', await renewal(certificate, { signedBy: own }))).status).toBe(200);
  });

  it('is refused, with the reason, when anything is not as it should be', async () => {
    const { source, certificate } = await enrolled();
    const good = await renewal(certificate);
    const other = await testAuthority({ clock });
    const foreign = await other.authority.issueFor(source, await certificateRequest(keys));
    if (typeof foreign === 'string') throw new Error(foreign);
    const cases: [unknown, number, string][] = [
      [await renewal(certificate, { signedBy: nextKeys }), 403, 'signature-wrong'],
      [await renewal(certificate, { at: clock.now() - signedWithinMs - 60_000 }), 403, 'signature-wrong'],
      [await renewal(certificate, { at: clock.now() + signedWithinMs + 60_000 }), 403, 'signature-wrong'],
      [{ ...good, at: new Date(clock.now() + 1).toISOString() }, 403, 'signature-wrong'],
      [{ ...good, signature: 'AAAA' }, 403, 'signature-wrong'],
      [await renewal(foreign.certificate), 403, 'certificate-unknown'],
      [await renewal(certificate, { requestSignedBy: keys }), 422, 'request-unsigned'],
      [{ ...good, certificate: good.certificateRequest }, 422, 'request-malformed'],
      [{ ...good, certificate: good.certificate.replace(/MII./, 'AAAA') }, 422, 'request-malformed'],
      [{ ...good, v: 2 }, 422, 'request-malformed'],
      [{}, 422, 'request-malformed'],
    ];
    for (const [i, [body, status, code]] of cases.entries())
      expect(await post('renewals', body, `10.210.0.${i}`), code).toMatchObject({ status, body: { code } });
    expect(await inForce(source)).toEqual(fingerprints(certificate));
    clock.ahead(91 * 86_400_000);
    expect(await post('renewals', await renewal(certificate), '10.210.1.1')).toMatchObject({
      status: 403,
      body: { code: 'certificate-ended' },
    });
    await other.stop();
  });

  it('is refused from the moment at which its certificate or the source itself was revoked', async () => {
    const { source, certificate } = await enrolled();
    const next = certificateIn(await post('renewals', await renewal(certificate)));
    const fingerprint = fingerprintOf(certificate);
    const wish = { source, fingerprint, at: new Date(clock.now()).toISOString(), by: 'operator:test' } as const;
    expect(await revokeCertificate(t.records, { ...wish, source: SourceId.parse('another') })).toBe(false);
    expect(await revokeCertificate(t.records, wish)).toBe(true);
    expect(await revokeCertificate(t.records, wish)).toBe(false);
    expect((await post('renewals', await renewal(certificate))).body.code).toBe('certificate-unknown');
    expect(await inForce(source)).toEqual(fingerprints(next.certificate));
    await revokeSource(t.records, source, wish.at, wish.by);
    const body = await renewal(next.certificate, { signedBy: nextKeys });
    expect((await post('renewals', body)).body.code).toBe('source-revoked');
    expect((await listAudit(t.records, { limit: 2, source })).map(({ action }) => action)).toEqual([
      'source-revoked',
      'certificate-revoked',
    ]);
  });

  it('cannot come back where somebody handed out a token since', async () => {
    const { source, certificate } = await enrolled();
    await giveToken(t.records, source, newToken(), { at: new Date(clock.now()).toISOString(), by: 'operator:test' });
    expect((await post('renewals', await renewal(certificate))).body.code).toBe('certificate-unknown');
  });

  it('over and over again, since its answers get lost, keeps the one it has and a few of the newest', async () => {
    const { source, certificate } = await enrolled();
    const body = await renewal(certificate);
    const answers = await Promise.all(Array.from({ length: renewalsOfOne.failures }, () => post('renewals', body)));
    const sent = answers.map((answer) => certificateIn(answer).certificate);
    const kept = await inForce(source);
    expect(kept.size).toBe(inForceAtMost);
    expect(kept.has(fingerprintOf(certificate))).toBe(true);
    expect(new Set([...kept, ...fingerprints(...sent)]).size).toBe(sent.length + 1);
    expect(await post('renewals', body)).toMatchObject({ status: 429, body: { code: 'too-many-tries' } });
    clock.ahead(renewalsOfOne.windowMs);
    expect((await post('renewals', await renewal(certificate))).status).toBe(200);
  });

  it('wrongly, too often, waits for a minute, and whoever calls from elsewhere does not', async () => {
    const { certificate } = await enrolled();
    const from = '10.220.0.1';
    for (let i = 0; i < renewalLimits.address.failures; i++) await post('renewals', {}, from);
    const refused = await post('renewals', await renewal(certificate), from);
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-tries' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post('renewals', await renewal(certificate))).status).toBe(200);
  });
});
