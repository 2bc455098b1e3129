import { createHash } from 'node:crypto';
import type pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnrolmentAnswer, type EnrolmentCode, spoken } from '#domain/enrolment.ts';
import { SourceId } from '#domain/ids.ts';
import type { Problem } from '#domain/views.ts';
import { createLog } from '#runtime/log.ts';
import { goodForMs, issueCode, sameBoxAgainMs, withdrawCodes } from '#runtime/records/enrolment-codes.ts';
import {
  findCredentials,
  findSource,
  giveToken,
  hashToken,
  newToken,
  registerSource,
  revokeSource,
} from '#runtime/records/sources.ts';
import { enrolmentLimits } from '../../clinician-api/routes/enrolments.ts';
import { testApi } from '../support/api.ts';
import { certificateRequest, enrolmentBody, type KeyPair, makeKey } from '../support/certificate-requests.ts';

/** How a box becomes a source, over HTTP and against the records. */

let t: Awaited<ReturnType<typeof testApi>>;
let logged = '';
let made = 0;
let keys: KeyPair;
let otherKeys: KeyPair;

beforeAll(async () => {
  const write = (line: string) => {
    logged += line;
  };
  const log = createLog('debug', { write } as pino.DestinationStream);
  t = await testApi({ deps: { log } });
  [keys, otherKeys] = [await makeKey(), await makeKey()];
});
afterAll(() => t.stop());

async function newSource(): Promise<{ source: SourceId; code: EnrolmentCode }> {
  made += 1;
  const source = SourceId.parse(`box-${made}`);
  await registerSource(t.records, { id: source, kind: 'gateway' });
  return { source, code: await codeFor(source) };
}
const codeFor = async (source: SourceId) =>
  (await issueCode(t.records, { source, by: 'operator:test', now: t.clock.now() })).code;

/** From an address of its own, so that no test is refused for another's wrong codes. */
const send = <T = Problem>(body: unknown, from = `10.${made}.0.1`) =>
  t.caller().post<T>('/api/v1/enrolments', body, { 'x-forwarded-for': from });

async function signsInWith(source: SourceId): Promise<string | undefined> {
  return (await findCredentials(t.records, [source])).get(source)?.secretHash ?? undefined;
}

describe('a box with a code', () => {
  it('becomes the source that the code is for, with a token that lets it in, and its key is remembered', async () => {
    const { source, code } = await newSource();
    expect(await signsInWith(source)).toBeUndefined();
    const { status, body } = await send<EnrolmentAnswer>(await enrolmentBody(` ${spoken(code).toLowerCase()} `, keys));
    expect(status).toBe(200);
    const answer = EnrolmentAnswer.parse(body);
    expect(answer).toMatchObject({ source, mqttUrl: t.config.mqttUrl, credential: { kind: 'token' } });
    if (answer.credential.kind !== 'token') throw new Error('no token');
    expect(await signsInWith(source)).toBe(hashToken(answer.credential.token));
    const row = await t.records.selectFrom('source').selectAll().where('id', '=', source).executeTakeFirstOrThrow();
    const key = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey));
    expect(row.key_fingerprint).toBe(createHash('sha256').update(key).digest('hex'));
    expect((await findSource(t.records, source))?.enrolledAt).not.toBeNull();
  });

  it.each([
    ['Ed25519', { name: 'Ed25519' }],
    ['EC P-384', { name: 'ECDSA', namedCurve: 'P-384' }],
    [
      'RSA 2,048',
      { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
    ],
  ])('may have an %s key', async (_, algorithm) => {
    const { code } = await newSource();
    expect((await send(await enrolmentBody(code, await makeKey(algorithm)))).status).toBe(200);
  });

  it('whose answer got lost asks again with the same key and gets another token, for ten minutes; nobody else does', async () => {
    const { source, code } = await newSource();
    const body = await enrolmentBody(code, keys);
    const first = await send<EnrolmentAnswer>(body);
    const again = await send<EnrolmentAnswer>(body);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.body.credential).not.toEqual(first.body.credential);
    if (again.body.credential.kind !== 'token') throw new Error('no token');
    expect(await signsInWith(source)).toBe(hashToken(again.body.credential.token));
    expect(await send(await enrolmentBody(code, otherKeys))).toMatchObject({
      status: 403,
      body: { code: 'code-used' },
    });
    t.clock.ahead(sameBoxAgainMs + 1_000);
    expect(await send(body)).toMatchObject({ status: 403, body: { code: 'code-used' } });
    expect(await signsInWith(source)).toBe(hashToken(again.body.credential.token));
  });

  it('that comes twice at the same moment with two keys is let in once', async () => {
    const { code } = await newSource();
    const bodies = [await enrolmentBody(code, keys), await enrolmentBody(code, otherKeys)];
    const answers = await Promise.all(bodies.map((body) => send(body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
  });

  it('is refused when the code is a day old, was replaced by a newer one, or its source was revoked', async () => {
    const { source, code } = await newSource();
    const newer = await codeFor(source);
    expect((await send(await enrolmentBody(code, keys))).body.code).toBe('code-unknown');
    t.clock.ahead(goodForMs);
    expect(await send(await enrolmentBody(newer, keys))).toMatchObject({ status: 403, body: { code: 'code-expired' } });
    const newest = await codeFor(source);
    await revokeSource(t.records, source, new Date().toISOString());
    expect((await send(await enrolmentBody(newest, keys))).body.code).toBe('code-unknown');
    expect(await signsInWith(source)).toBeUndefined();
  });
});

describe('a source that has been given another credential since', () => {
  const enrolledWith = async (code: EnrolmentCode, pair = keys) => {
    const { status, body } = await send<EnrolmentAnswer & Problem>(await enrolmentBody(code, pair));
    return status === 200 ? 'enrolled' : body.code;
  };

  it('is not taken back by the box before it, which still has its code', async () => {
    const { source, code } = await newSource();
    expect(await enrolledWith(code)).toBe('enrolled');
    expect(await enrolledWith(await codeFor(source), otherKeys)).toBe('enrolled');
    const since = await signsInWith(source);
    expect(await enrolledWith(code)).toBe('code-used');
    await giveToken(t.records, source, newToken(), { at: new Date().toISOString() });
    const handedOut = await signsInWith(source);
    expect(await enrolledWith(code)).toBe('code-used');
    expect([since === handedOut, await signsInWith(source)]).toEqual([false, handedOut]);
  });

  it('has one code that is good when two were given out at once, and none that outlives a revocation', async () => {
    const { source } = await newSource();
    const codes = await Promise.all(Array.from({ length: 3 }, () => codeFor(source)));
    const outcomes = [];
    for (const code of codes) outcomes.push(await enrolledWith(code));
    expect(outcomes.filter((outcome) => outcome === 'enrolled')).toHaveLength(1);
    const { source: other, code } = await newSource();
    const at = new Date().toISOString();
    const revoking = t.records.transaction().execute(async (db) => {
      await withdrawCodes(db, other);
      await revokeSource(db, other, at);
    });
    const [outcome] = await Promise.all([enrolledWith(code), codeFor(other), revoking]);
    expect(['enrolled', 'code-unknown']).toContain(outcome);
    expect((await findSource(t.records, other))?.revokedAt).toBe(at);
  });
});

describe('a request that is none', () => {
  it('is told what is wrong with it, and uses no code up', async () => {
    const { code } = await newSource();
    const good = await enrolmentBody(code, keys);
    const stolen = await certificateRequest(keys, otherKeys);
    const shortRsa = await makeKey({
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 1024,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: 'SHA-256',
    });
    const empty = '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n';
    const wrong: [unknown, string][] = [
      [{ ...good, certificateRequest: stolen }, 'request-unsigned'],
      [{ ...good, certificateRequest: empty }, 'request-malformed'],
      [{ ...good, certificateRequest: 'none' }, 'request-malformed'],
      [{ ...good, certificateRequest: await certificateRequest(shortRsa) }, 'request-malformed'],
      [{ ...good, code: 'WRONG!!!' }, 'request-malformed'],
      [{ ...good, v: 2 }, 'request-malformed'],
      [{}, 'request-malformed'],
      [[], 'request-malformed'],
    ];
    for (const [i, [body, fault]] of wrong.entries())
      expect(await send(body, `10.200.0.${i}`), fault).toMatchObject({ status: 422, body: { code: fault } });
    expect(await send('{', '10.200.1.1')).toMatchObject({ status: 400 });
    expect(await send({ ...good, more: 'x'.repeat(16_000) }, '10.200.1.2')).toMatchObject({ status: 413 });
    expect((await send(good)).status).toBe(200);
  });
});

describe('wrong codes', () => {
  it('are refused from one address after some, and in all after more, until the minute is over', async () => {
    const api = await testApi();
    const guess = await enrolmentBody('00000000', keys);
    const guessFrom = (address: string, body: object = guess) =>
      api.caller().post('/api/v1/enrolments', body, { 'x-forwarded-for': address });
    const { address, all } = enrolmentLimits;
    const answers = [];
    for (let i = 0; i < address.failures; i++) answers.push(await guessFrom('10.0.0.1'));
    expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set(['code-unknown']));
    const refused = await guessFrom('10.0.0.1');
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-tries' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // nonsense counts as a wrong code
    const rest = Array.from({ length: all.failures - address.failures }, (_, i) => `10.1.${i >> 3}.${i % 8}`);
    for (const from of rest) expect((await guessFrom(from, {})).status).toBe(422);
    expect((await guessFrom('10.2.0.1')).status).toBe(429);
    api.clock.ahead(all.windowMs);
    expect((await guessFrom('10.2.0.1')).status).toBe(403);
    await api.stop();
  });
});

it('nothing that a box sends or gets is written into the log, and codes lie in the records as slow hashes only', async () => {
  const { source, code } = await newSource();
  const body = await enrolmentBody(code, keys);
  const { body: answer } = await send<EnrolmentAnswer>(body);
  if (answer.credential.kind !== 'token') throw new Error('no token');
  await send({ ...body, code: 'ZZZZZZZZ' });
  expect(logged).toContain(source);
  for (const secret of [code, spoken(code), answer.credential.token, 'ZZZZZZZZ', 'BEGIN CERTIFICATE'])
    expect(logged).not.toContain(secret);
  const rows = JSON.stringify(await t.records.selectFrom('enrolment_code').selectAll().execute());
  expect(rows).not.toContain(code);
  expect(rows).not.toContain(createHash('sha256').update(code).digest('hex'));
});
