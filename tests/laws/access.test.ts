import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roles } from '#domain/people.ts';
import { type Access, accessOf, accessTable, isLoopback, isSameOrigin, mayUse } from '../../clinician-api/access.ts';
import { spanAtMostMs, windowFor, windowsAtMost } from '../../clinician-api/routes/readings.ts';
import { createSignInLimits } from '../../clinician-api/sign-in-limits.ts';

describe('who may use a route', () => {
  it('is nobody where the table is silent, whatever the caller brings', () => {
    for (const route of ['GET /api/v1/secrets', 'constructor', '__proto__', ''])
      for (const role of roles)
        for (const loopback of [true, false]) expect(mayUse(accessOf(route), { role, loopback })).toBe('no');
  });

  it('is nobody without a session wherever a role is asked for', () => {
    for (const access of Object.values<Access>(accessTable))
      expect(mayUse(access, { role: undefined, loopback: true })).toBe(
        access === 'anyone' || access === 'loopback' ? 'yes' : 'sign-in-first',
      );
  });

  it('is either those who give care or those who look after the platform, for whatever changes something but who is called when', () => {
    const ofPlatform = /^[A-Z]+ \/api\/v1\/(sources|assignments|quarantine|erasures)(\/|$)/;
    const ofBoth = /^[A-Z]+ \/api\/v1\/teams\/:id\/(rota|overrides|policies)(\/|$)/;
    for (const [route, access] of Object.entries(accessTable)) {
      // a backtest only asks
      if (/^(GET|HEAD) |session$|\/backtests/.test(route) || access === 'anyone') continue;
      if (ofBoth.test(route)) expect(access, route).toEqual(expect.arrayContaining(['doctor', 'administrator']));
      else if (ofPlatform.test(route)) expect(access, route).toEqual(['administrator']);
      else expect(access, route).not.toContain('administrator');
    }
  });
});

describe('a request that changes something', () => {
  const here = 'https://hearthbeat.example';
  it.each([
    [{ 'sec-fetch-site': 'same-origin', origin: here }, true],
    [{ origin: here }, true],
    [{ origin: 'http://10.1.2.3:8080', host: '10.1.2.3:8080' }, true],
    [{}, true],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site', origin: 'https://other.example' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'cross-site', origin: here }, false],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example', host: 'hearthbeat.example' }, false],
    [{ origin: 'https://hearthbeat.example.evil.example', host: 'hearthbeat.example' }, false],
    [{ origin: 'null', host: 'hearthbeat.example' }, false],
    [{ origin: '', host: '' }, false],
  ])('with the headers %j is taken: %s', (headers, taken) => {
    expect(isSameOrigin(headers, here)).toBe(taken);
  });
});

describe('a caller on this machine', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['::1', 'localhost', true],
    ['::ffff:127.0.0.1', 'localhost', true],
    ['127.0.0.1', 'hearthbeat.example', false],
    ['10.0.0.4', 'localhost', false],
    ['', '', false],
  ])('from %s, asking for %s: %s', (address, name, here) => {
    expect(isLoopback(address, name, {})).toBe(here);
    expect(isLoopback(address, name, { 'x-forwarded-for': '127.0.0.1' })).toBe(false);
  });
});

describe('wrong passwords', () => {
  let now = 0;
  const clock = { now: () => now };
  const failing = (limits: ReturnType<typeof createSignInLimits>, address: string, account: string, times: number) =>
    Array.from({ length: times }, () => limits.attempt(address, account)).filter((each) => 'forgive' in each).length;

  it('are refused from one address on one account after ten, and taken again when the window is over', () => {
    const limits = createSignInLimits(clock);
    expect(failing(limits, '10.0.0.1', 'doctor@clinic.example', 15)).toBe(10);
    const refused = limits.attempt('10.0.0.1', ' Doctor@clinic.example');
    expect(refused).toEqual({ refusedForSeconds: 300 });
    now += 300_000;
    expect(limits.attempt('10.0.0.1', 'doctor@clinic.example')).toHaveProperty('forgive');
  });

  it('from one address cannot lock somebody out elsewhere', () => {
    const limits = createSignInLimits(clock);
    failing(limits, '10.0.0.1', 'doctor@clinic.example', 1_000);
    expect(limits.attempt('10.0.0.2', 'doctor@clinic.example')).toHaveProperty('forgive');
  });

  it('are refused from one address after thirty, over all accounts', () => {
    const limits = createSignInLimits(clock);
    const taken = Array.from({ length: 50 }, (_, n) => failing(limits, '10.0.0.1', `n${n}@clinic.example`, 1));
    expect(taken.filter(Boolean)).toHaveLength(30);
  });

  it('on one account are refused after a hundred, however many addresses guess', () => {
    const limits = createSignInLimits(clock);
    const taken = Array.from({ length: 150 }, (_, n) => failing(limits, `10.0.1.${n}`, 'doctor@clinic.example', 1));
    expect(taken.filter(Boolean)).toHaveLength(100);
  });

  it('that turn out right count for nothing', () => {
    const limits = createSignInLimits(clock);
    for (let n = 0; n < 100; n++) {
      const attempt = limits.attempt('10.0.0.1', 'doctor@clinic.example');
      if ('refusedForSeconds' in attempt) throw new Error('refused');
      attempt.forgive();
    }
  });
});

describe('windows of readings', () => {
  it('are never more than a chart takes, for any span that may be asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: spanAtMostMs }), fc.nat(), (span, offset) => {
        const width = windowFor(span);
        const [from, to] = [Math.floor(offset / width) * width, Math.ceil((offset + span) / width) * width];
        expect((to - from) / width).toBeLessThanOrEqual(windowsAtMost);
      }),
    );
  });
});
