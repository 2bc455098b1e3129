import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canary } from '#domain/canary.ts';
import { type Escalation, onCallStep, plannedCalls } from '#domain/escalation.ts';
import { ClinicianId } from '#domain/ids.ts';
import {
  type Facts,
  findingNames,
  findingsOf,
  healthsOf,
  isJudgedLate,
  lateness,
  mayBeat,
  type OpenAlert,
  openingBudgetMs,
  usualGraceMs,
} from '#runtime/auditor/lateness.ts';
import { canaryChannel } from '../../rules/canary.ts';
import type { OutgoingPage } from '../../rules/channels/channel.ts';

const began = Date.parse('2026-03-02T10:00:00Z');
const minute = 60_000;
const who = ClinicianId.parse('11111111-1111-4111-8111-111111111111');
const everybodyThere = {
  onCall: new Map([0, 1, 2].map((place) => [place, who])),
  members: [{ id: who, role: 'doctor' as const }],
};

const anyEscalation: fc.Arbitrary<Escalation> = fc
  .record({
    gaps: fc.array(fc.integer({ min: 60, max: 1_200 }), { maxLength: 3 }),
    repeatAfterSeconds: fc.integer({ min: 60, max: 3_600 }),
    rounds: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ gaps, ...rest }) => {
    const until = (i: number) => gaps.slice(0, i + 1).reduce((sum, gap) => sum + gap, 0);
    const steps = [onCallStep(0, 0), ...gaps.map((_, i) => onCallStep(until(i), (i + 1) % 3))];
    return { ...rest, steps, quiet: null };
  });

const alertOf = (escalation: Escalation, wish: Partial<OpenAlert> = {}): OpenAlert => ({
  ...{ severity: 'critical', escalation, raisedAt: began, isReached: false, last: null, nextStepAt: null },
  ...wish,
});
const nothing: Facts = { open: [], pagesDue: [], entriesDue: [], judged: [] };
const usual: Escalation = {
  steps: [onCallStep(0, 0), onCallStep(300, 1)],
  repeatAfterSeconds: 900,
  rounds: 2,
  quiet: null,
};

describe('an open alert', () => {
  it('is never late while its calls go as its escalation says, and is always found once they stop', () => {
    fc.assert(
      fc.property(anyEscalation, fc.nat(), fc.integer({ min: 0, max: 20_000_000 }), (escalation, stop, later) => {
        const calls = plannedCalls(escalation, began, () => everybodyThere, 50);
        const made = calls.slice(0, (stop % calls.length) + 1);
        const { at, nth } = made.at(-1)!;
        const nextAt = calls[made.length]?.at;
        const alert = alertOf(escalation, { isReached: true, last: { nth, at }, nextStepAt: null });
        const now = at + later;
        const overAt = (nextAt ?? at + escalation.repeatAfterSeconds * 1_000) + usualGraceMs;
        expect(lateness(alert, now)).toBe(now <= overAt ? undefined : nextAt === undefined ? 'unanswered' : 'uncalled');
      }),
    );
  });

  it('that reached nobody at all is late whatever the agenda promises', () => {
    for (const nextStepAt of [null, began + 3_600_000]) {
      const alert = alertOf(usual, { nextStepAt });
      expect(lateness(alert, began + usualGraceMs)).toBeUndefined();
      expect(lateness(alert, began + usualGraceMs + 1)).toBe('uncalled');
    }
  });

  it('whose next step has nobody is on time while the agenda holds the round that follows, and no longer', () => {
    const last = { nth: 0, at: began };
    const nextStepAt = began + 300_000 + 900_000;
    const alert = alertOf(usual, { isReached: true, last, nextStepAt });
    expect(lateness(alert, began + 10 * minute)).toBeUndefined();
    expect(lateness({ ...alert, nextStepAt: null }, began + 10 * minute)).toBe('uncalled');
    // an entry that was put into the far future by a fault silences nobody
    expect(lateness({ ...alert, nextStepAt: began + 10_000 * minute }, nextStepAt + usualGraceMs + 1)).toBe('uncalled');
  });

  it('of the night is called in the morning', () => {
    const quiet = { from: '09:00', to: '12:00', timeZone: 'UTC' };
    const alert = alertOf({ ...usual, quiet }, { severity: 'routine' });
    const noon = Date.parse('2026-03-02T12:00:00Z');
    expect(lateness(alert, noon - 1)).toBeUndefined();
    expect(lateness(alert, noon + usualGraceMs)).toBeUndefined();
    expect(lateness(alert, noon + usualGraceMs + 1)).toBe('uncalled');
  });

  it('that is less than critical may rest in the worklist once its rounds are over', () => {
    const last = { nth: 3, at: began };
    const late = began + 900_000 + usualGraceMs + 1;
    const of = (severity: OpenAlert['severity']) => lateness(alertOf(usual, { severity, isReached: true, last }), late);
    expect([of('critical'), of('urgent'), of('routine')]).toEqual(['unanswered', undefined, undefined]);
  });
});

describe('what the auditor finds', () => {
  it('is nothing where nothing is late', () => {
    const now = began;
    const facts = { ...nothing, pagesDue: [now - usualGraceMs, now + 1], entriesDue: [now - usualGraceMs] };
    expect(Object.values(findingsOf(facts, now))).toEqual(findingNames.map(() => 0));
    expect(Object.values(healthsOf(findingsOf(facts, now))).every(({ state }) => state === 'ok')).toBe(true);
  });

  it('grows with what is late, and each has a trouble of its own', () => {
    const facts: Facts = {
      open: [alertOf(usual), alertOf(usual, { isReached: true, last: { nth: 3, at: began } })],
      pagesDue: [began],
      entriesDue: [began, began],
      judged: [{ raisedAt: began, heardAt: began - openingBudgetMs - 1, waitsMs: 0 }],
    };
    const findings = findingsOf(facts, began + 100 * minute);
    expect(findings).toEqual({
      ...{ 'late-calls': 1, 'unanswered-alerts': 1, 'stuck-pages': 1, 'late-due-times': 2, 'late-alerts': 1 },
    });
    const troubles = Object.values(healthsOf(findings)).map(({ trouble }) => trouble);
    expect(new Set(troubles).size).toBe(findingNames.length);
  });

  it('leaves a second measurement the time it was given', () => {
    const raisedAt = began;
    expect(isJudgedLate({ raisedAt, heardAt: raisedAt - 300_000, waitsMs: 300_000 })).toBe(false);
    expect(isJudgedLate({ raisedAt, heardAt: raisedAt - 300_000, waitsMs: 0 })).toBe(true);
  });
});

describe('the heartbeat', () => {
  const well = findingsOf(nothing, began);
  const fresh = 400_000;

  it('is beaten only when nothing is late and the last canary came home, not long ago', () => {
    expect(mayBeat(well, { isHome: true, agoMs: fresh }, fresh)).toBe(true);
    expect(mayBeat(well, { isHome: true, agoMs: fresh + 1 }, fresh)).toBe(false);
    expect(mayBeat(well, { isHome: false, agoMs: 0 }, fresh)).toBe(false);
    expect(mayBeat(well, 'not-yet', fresh)).toBe(false);
    expect(mayBeat(well, 'off', fresh)).toBe(true);
    expect(mayBeat(undefined, { isHome: true, agoMs: 0 }, fresh)).toBe(false);
  });

  it('stays away for each thing that is late', () => {
    for (const name of findingNames) expect(mayBeat({ ...well, [name]: 1 }, 'off', fresh)).toBe(false);
  });
});

describe('the canary', () => {
  const page: OutgoingPage = {
    ...{
      id: 'page',
      alerts: [],
      severity: 'critical',
      subject: '',
      text: '',
      url: '',
      acknowledgeUrl: null,
      mention: null,
    },
    recipient: { id: canary.clinician, email: '', name: { en: '', zh: '' }, language: 'en' },
  };

  it('is called by a channel that takes nothing for a person', async () => {
    expect(await canaryChannel.send(page)).toEqual({ ok: true });
    expect(await canaryChannel.send({ ...page, recipient: { ...page.recipient, id: who } })).toMatchObject({
      ok: false,
      retry: false,
    });
  });
});
