import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, Escalation, newAlert, severities } from '#domain/alert.ts';
import { AlertId, ClinicianId, PatientId, TeamId } from '#domain/ids.ts';
import { languages } from '#domain/words.ts';
import { book } from '../../rules/book/index.ts';
import { callStep, freezeEscalation, startsRound, waitAfter } from '../../rules/escalate.ts';
import { pageText } from '../../rules/page-text.ts';
import { evidenceOf } from '../support/histories.ts';

const people = Array.from({ length: 4 }, () => ClinicianId.parse(randomUUID()));
const anyPolicy = fc.record({
  steps: fc.array(
    fc.record({
      afterSeconds: fc.integer({ min: 0, max: 3_600 }),
      onCall: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    }),
    { maxLength: 5 },
  ),
  repeatAfterSeconds: fc.integer({ min: 10, max: 3_600 }),
  rounds: fc.integer({ min: 1, max: 5 }),
});
const anyRota = fc.subarray([0, 1, 2, 3]).map((places) => new Map(places.map((place) => [place, people[place]!])));

describe('an escalation', () => {
  it('frozen from any policy and rota is valid, begins at once and calls only who is on call', () => {
    fc.assert(
      fc.property(anyPolicy, anyRota, (policy, rota) => {
        const frozen = freezeEscalation(policy, rota);
        const wanted = new Set(policy.steps.flatMap((s) => s.onCall).flatMap((place) => rota.get(place) ?? []));
        if (!frozen) {
          expect(wanted.size).toBe(0);
          return;
        }
        Escalation.parse(frozen);
        expect(frozen.steps[0]?.afterSeconds).toBe(0);
        expect(new Set(frozen.steps.flatMap((s) => s.recipients))).toEqual(wanted);
      }),
    );
  });

  it('calls every step of every round once, ends, and waits before each round', () => {
    fc.assert(
      fc.property(anyPolicy, anyRota, (policy, rota) => {
        const frozen = freezeEscalation(policy, rota);
        if (!frozen) return;
        let step = 0;
        const roundAt: number[] = [];
        for (let at = 0; ; step++) {
          expect(callStep(frozen, step)?.step).toBe(step);
          if (startsRound(frozen, step)) roundAt.push(at);
          const wait = waitAfter(frozen, step);
          if (wait === undefined) break;
          expect(wait).toBeGreaterThanOrEqual(0);
          if (startsRound(frozen, step + 1)) expect(wait).toBe(1000 * policy.repeatAfterSeconds);
          at += wait;
        }
        expect(step + 1).toBe(frozen.steps.length * frozen.rounds);
        expect(roundAt).toHaveLength(frozen.rounds);
        expect(callStep(frozen, step + 1)).toBeUndefined();
      }),
    );
  });
});

describe('a page', () => {
  const patient = {
    id: PatientId.parse(randomUUID()),
    team: TeamId.parse(randomUUID()),
    name: { en: 'Wang Guilan', zh: '王桂兰' },
    birthDate: '1948-03-09',
    sex: 'female' as const,
    conditions: [],
  };
  const alertOf = (rule: (typeof book)[number], severity: Alert['severity']): Alert =>
    newAlert({
      id: AlertId.parse(randomUUID()),
      patient: patient.id,
      team: patient.team,
      rule: rule.rule,
      problem: rule.problem,
      ruleVersion: rule.version,
      parameters: {},
      severity,
      title: rule.title,
      explanation: { en: 'Of 192/121 and 188/118 mmHg.', zh: '192/121、188/118 mmHg。' },
      evidence: [
        { systolic: 192, diastolic: 121, takenAt: Date.UTC(2026, 10, 21, 19, 12) },
        { systolic: 188, diastolic: 118, takenAt: Date.UTC(2026, 10, 21, 19, 14), marks: ['irregular-pulse' as const] },
      ].map(evidenceOf),
      escalation: null,
      openedAt: '2026-11-21T19:15:00Z',
    });
  const every = book.flatMap((rule) =>
    severities.flatMap((severity) =>
      languages.flatMap((language) => [0, 1, 11].map((call) => ({ rule, severity, language, call }))),
    ),
  );
  const write = (
    { rule, severity, language, call }: (typeof every)[number],
    confidential: boolean,
    timeZone = 'Asia/Shanghai',
  ) =>
    pageText(
      {
        alert: alertOf(rule, severity),
        call,
        nextCallMs: call === 11 ? undefined : 300_000,
        advice: rule.advice,
        patient,
        team: { id: patient.team, name: { en: 'Team', zh: '组' }, timeZone },
        url: 'https://hearthbeat.example/alerts/1',
        acknowledgeUrl: 'https://hearthbeat.example/a/token1',
      },
      language,
      confidential,
      Date.UTC(2026, 10, 21, 19, 15),
    );

  it('says how grave it is, what, which call and where to answer, in the language of who is called', () => {
    for (const one of every) {
      const { subject, text } = write(one, false);
      expect(subject).toContain(one.rule.title[one.language]);
      expect(subject).toMatch(one.language === 'en' ? /first call|second call|call 12/ : /第 (1|2|12) 次呼叫/);
      expect(subject).not.toMatch(/[\r\n]/);
      expect(subject.length).toBeLessThan(90);
      expect(text).toContain('https://hearthbeat.example/alerts/1');
      expect(text).toContain(one.rule.advice[one.language]);
      if (one.language === 'en') expect(subject + text).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it('holds no name, age, value or time unless the channel is confidential', () => {
    for (const one of every) {
      const { subject, text } = write(one, false);
      expect(subject + text).not.toMatch(/Wang|王桂兰|78|192|121|188|118|03:12/);
    }
  });

  it('holds, in confidence, who it is, what was measured and when, by the clock of the care team', () => {
    for (const one of every) {
      const { subject, text } = write(one, true);
      expect(subject).toContain(patient.name[one.language]);
      for (const words of ['78', '192/121 mmHg', '188/118 mmHg', '03:12', '03:14', 'Asia/Shanghai'])
        expect(text).toContain(words);
      expect(text).toMatch(one.language === 'en' ? /irregular pulse/ : /脉搏不规则/);
    }
  });

  it('goes out in UTC rather than not at all when the time zone of the team is unknown here', () => {
    expect(write(every[0]!, true, 'Moon/Tranquility').text).toContain('UTC');
    expect(write(every[0]!, true, 'Moon/Tranquility').text).toContain('19:12');
  });
});
