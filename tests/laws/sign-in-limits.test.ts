import { expect, it } from 'vitest';
import { createSignInLimits } from '../../clinician-api/sign-in-limits.ts';

const refused = (answer: object) => 'refusedForSeconds' in answer;

it('a flood of refused sign-ins under invented names does not make the limits forget', () => {
  const limits = createSignInLimits({ now: () => 0 });
  const victim = 'doctor@clinic.example';
  for (let i = 0; i < 10; i++) expect(refused(limits.attempt('203.0.113.7', victim))).toBe(false);
  for (let i = 0; i < 20; i++) limits.attempt('203.0.113.7', `warm-${i}@clinic.example`);
  for (let i = 0; i < 30_000; i++)
    expect(refused(limits.attempt('203.0.113.7', `nobody-${i}@clinic.example`))).toBe(true);
  expect(refused(limits.attempt('203.0.113.7', victim))).toBe(true);
});

it('a sign-in that succeeds counts for nothing, and a limit is over with its window', () => {
  let now = 0;
  const limits = createSignInLimits({ now: () => now });
  for (let i = 0; i < 200; i++) {
    const attempt = limits.attempt('203.0.113.8', 'nurse@clinic.example');
    if ('forgive' in attempt) attempt.forgive();
    else expect.unreachable();
  }
  for (let i = 0; i < 10; i++) limits.attempt('203.0.113.8', 'nurse@clinic.example');
  expect(refused(limits.attempt('203.0.113.8', 'nurse@clinic.example'))).toBe(true);
  now += 5 * 60_000;
  expect(refused(limits.attempt('203.0.113.8', 'nurse@clinic.example'))).toBe(false);
});
