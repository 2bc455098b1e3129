import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, newAlert, severities } from '#domain/alert.ts';
import {
  type Callable,
  callDue,
  Escalation,
  freezeEscalation,
  onCallStep,
  type Policy,
  plannedCalls,
  policiesFor,
  quietUntil,
  startsRound,
  type Target,
  waitAfter,
  whomToCall,
} from '#domain/escalation.ts';
import { AlertId, ClinicianId, PatientId, TeamId } from '#domain/ids.ts';
import { languages } from '#domain/words.ts';
import { book } from '../../rules/book/index.ts';
import { messageText } from '../../rules/words/group-text.ts';
import { type PageSubject, pageText } from '../../rules/words/page-text.ts';
import { evidenceOf } from '../support/histories.ts';

const people = Array.from({ length: 6 }, () => ClinicianId.parse(randomUUID()));
const anyTarget: fc.Arbitrary<Target> = fc.oneof(
  fc.record({ kind: fc.constant('on-call' as const), place: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ kind: fc.constant('role' as const), role: fc.constantFrom('nurse' as const, 'doctor' as const) }),
  fc.record({ kind: fc.constant('person' as const), clinician: fc.constantFrom(...people) }),
);
const anyPolicy: fc.Arbitrary<Policy> = fc.record({
  steps: fc.array(
    fc.record({
      afterSeconds: fc.integer({ min: 0, max: 3_600 }),
      targets: fc.array(anyTarget, { minLength: 1, maxLength: 3 }),
      channels: fc.constantFrom(null, ['smtp'], ['sms', 'ntfy']),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  repeatAfterSeconds: fc.integer({ min: 10, max: 3_600 }),
  rounds: fc.integer({ min: 1, max: 5 }),
});
/** Somebody on the rota may have left the team. */
const anyTeam: fc.Arbitrary<Callable> = fc
  .tuple(
    fc.subarray(people),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(...people)), { maxLength: 4 }),
    fc.array(fc.constantFrom('nurse' as const, 'doctor' as const), { minLength: 6, maxLength: 6 }),
  )
  .map(([members, places, roles]) => ({
    members: members.map((id, i) => ({ id, role: roles[i]! })),
    onCall: new Map(places),
  }));
const frozen = (policy: Policy) => freezeEscalation(policiesFor(policy), 'critical', 'Asia/Shanghai')!;

describe('an escalation', () => {
  it('frozen from any policy is valid, begins at once and keeps every target', () => {
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        const escalation = Escalation.parse(frozen(policy));
        expect(escalation.steps[0]?.afterSeconds).toBe(0);
        expect(new Set(escalation.steps.flatMap((s) => s.targets))).toEqual(
          new Set(policy.steps.flatMap((s) => s.targets)),
        );
        expect(escalation.quiet).toBeNull();
      }),
    );
  });

  it('whose severity calls nobody is none, and only a routine one keeps quiet', () => {
    const policy: Policy = { steps: [onCallStep(0, 0)], repeatAfterSeconds: 60, rounds: 1 };
    const policies = { ...policiesFor(policy), routine: policy };
    expect(freezeEscalation(policiesFor(policy), 'routine', 'Asia/Shanghai')).toBeNull();
    const quiet = severities.map((severity) => freezeEscalation(policies, severity, 'Asia/Shanghai')?.quiet);
    expect(quiet).toEqual([{ from: '21:00', to: '07:00', timeZone: 'Asia/Shanghai' }, null, null]);
  });

  it('calls only who may be called, skips a step that has nobody, and calls everybody when no step has anybody', () => {
    fc.assert(
      fc.property(anyPolicy, anyTeam, fc.nat(30), (policy, team, nth) => {
        const escalation = frozen(policy);
        const due = callDue(escalation, nth, team);
        const { steps, rounds } = escalation;
        if (nth >= steps.length * rounds) {
          expect(due).toEqual({ kind: 'over' });
          return;
        }
        const round = Math.floor(nth / steps.length);
        const ids = team.members.map(({ id }) => id);
        const has = steps.map((step) => whomToCall(step.targets, team).length > 0);
        if (due.kind === 'call') {
          expect(due.nth).toBeGreaterThanOrEqual(nth);
          expect(Math.floor(due.nth / steps.length)).toBe(round);
          expect(ids).toEqual(expect.arrayContaining(due.recipients));
          expect(new Set(due.recipients).size).toBe(due.recipients.length);
          expect(due.everybody).toBe(!has.includes(true));
          if (due.everybody) expect(new Set(due.recipients)).toEqual(new Set(ids));
          else expect(has.slice(nth % steps.length).indexOf(true)).toBe(due.nth - nth);
        } else
          expect([due, has.slice(nth % steps.length)]).toEqual([
            { kind: 'round-over', nth: (round + 1) * steps.length },
            has.slice(nth % steps.length).map(() => false),
          ]);
      }),
    );
  });

  it('goes through every round, once each, waits before each, and ends', () => {
    fc.assert(
      fc.property(anyPolicy, anyTeam, (policy, team) => {
        const escalation = frozen(policy);
        const calls = plannedCalls(escalation, 0, () => team, 1_000);
        const { steps, rounds, repeatAfterSeconds } = escalation;
        const someone = steps.some((step) => whomToCall(step.targets, team).length > 0);
        const perRound = someone ? steps.filter((step) => whomToCall(step.targets, team).length > 0).length : 1;
        expect(calls).toHaveLength(perRound * rounds);
        expect(new Set(calls.map(({ nth }) => nth)).size).toBe(calls.length);
        expect(calls[0]?.at).toBe(0);
        for (const [i, call] of calls.entries()) {
          const before = calls[i - 1];
          if (!before) continue;
          expect(call.at).toBeGreaterThanOrEqual(before.at);
          if (Math.floor(call.nth / steps.length) > Math.floor(before.nth / steps.length))
            expect(call.at - before.at).toBeGreaterThanOrEqual(1_000 * repeatAfterSeconds);
        }
      }),
    );
  });

  it('waits as long as the policy says between steps that have people', () => {
    const policy: Policy = {
      steps: [onCallStep(60, 0), onCallStep(360, 1), onCallStep(960, 0, 1)],
      repeatAfterSeconds: 900,
      rounds: 2,
    };
    const [a, b] = people as [ClinicianId, ClinicianId];
    const members = [a, b].map((id) => ({ id, role: 'doctor' as const }));
    const on = (...places: [number, ClinicianId][]) => ({ members, onCall: new Map(places) });
    const times = (team: Callable) =>
      plannedCalls(frozen(policy), 0, () => team, 100).map(({ at, recipients }) => [at / 1_000, recipients.length]);
    expect(times(on([0, a], [1, b]))).toEqual([
      [0, 1],
      [300, 1],
      [900, 2],
      [1_800, 1],
      [2_100, 1],
      [2_700, 2],
    ]);
    expect(times(on([1, b]))).toEqual([
      [0, 1],
      [600, 1],
      [1_500, 1],
      [2_100, 1],
    ]);
    expect(times(on())).toEqual([
      [0, 2],
      [900, 2],
    ]);
    expect(waitAfter(frozen(policy), 5)).toBeUndefined();
    expect(startsRound(frozen(policy), 3)).toBe(true);
  });

  it('in quiet hours waits for their end by the clock of the team, also where that is changed meanwhile', () => {
    const until = (timeZone: string, at: string) => {
      const end = quietUntil({ quiet: { from: '21:00', to: '07:00', timeZone } }, Date.parse(at));
      return end === undefined ? undefined : new Date(end).toISOString();
    };
    expect(until('Asia/Shanghai', '2026-11-22T13:00:00Z')).toBe('2026-11-22T23:00:00.000Z');
    expect(until('Asia/Shanghai', '2026-11-22T22:59:59.999Z')).toBe('2026-11-22T23:00:00.000Z');
    expect(until('Asia/Shanghai', '2026-11-22T23:00:00Z')).toBeUndefined();
    expect(until('Asia/Shanghai', '2026-11-22T12:59:59Z')).toBeUndefined();
    expect(until('Europe/Berlin', '2026-03-28T22:00:00Z')).toBe('2026-03-29T05:00:00.000Z');
    expect(until('Europe/Berlin', '2026-10-24T22:00:00Z')).toBe('2026-10-25T06:00:00.000Z');
    expect(quietUntil({ quiet: { from: '07:00', to: '07:00', timeZone: 'UTC' } }, 0)).toBeUndefined();
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
  const subjectOf = (
    { rule, severity, call }: Pick<(typeof every)[number], 'rule' | 'severity' | 'call'>,
    timeZone = 'Asia/Shanghai',
  ) => ({
    alert: alertOf(rule, severity),
    call,
    nextCallMs: call === 11 ? undefined : 300_000,
    advice: rule.advice,
    patient,
    team: { id: patient.team, name: { en: 'Team', zh: '组' }, timeZone },
    url: 'https://hearthbeat.example/alerts/1',
    acknowledgeUrl: 'https://hearthbeat.example/a/token1',
  });
  const write = (one: (typeof every)[number], confidential: boolean, timeZone?: string) =>
    pageText(subjectOf(one, timeZone), one.language, confidential, Date.UTC(2026, 10, 21, 19, 15));

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

  it('about several alerts says how many, how grave and each by itself with links of its own, the gravest first', () => {
    const subjects = (['routine', 'critical', 'urgent'] as const).map((severity, i) => ({
      ...subjectOf({ ...every[0]!, severity }),
      patient: { ...patient, id: PatientId.parse(randomUUID()) },
      url: `https://hearthbeat.example/alerts/${i}`,
      acknowledgeUrl: `https://hearthbeat.example/a/token${i}`,
    }));
    const say = (some: readonly PageSubject[], language: 'en' | 'zh', confidential: boolean) =>
      messageText(some, 'https://hearthbeat.example/', language, confidential, Date.UTC(2026, 10, 21, 19, 15));
    const open = say(subjects, 'en', false);
    expect(open.subject).toBe('CRITICAL: 3 alerts, 3 patients');
    expect(say(subjects, 'zh', false).subject).toBe('【危急】3 位患者共 3 项警报');
    const order = [1, 2, 0].map((i) => open.text.indexOf(`/a/token${i}`));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    for (const i of [0, 1, 2]) expect(open.text).toContain(`https://hearthbeat.example/alerts/${i}\n`);
    for (const language of languages)
      expect(say(subjects, language, false).text).not.toMatch(/Wang|王桂兰|78|192|121|188|118|03:1/);
    expect(say(subjects, 'en', true).text).toMatch(/Wang Guilan, 78 years, female\n.*188\/118 mmHg/);
    expect(say(subjects, 'zh', true).text).toContain('188/118');
    // a room reads along: nobody there may acknowledge for another
    const room = subjects.map((subject) => ({ ...subject, acknowledgeUrl: null }));
    expect(say(room, 'en', false).text).not.toContain('/a/');
    const many = Array.from({ length: 50 }, () => subjects[0]!);
    const { subject, text } = say(many, 'en', false);
    expect(subject).toBe('Routine: 50 alerts, one patient');
    expect(text).toContain('And 40 more.');
    expect(text.length).toBeLessThan(4_000);
    expect(say([subjects[0]!], 'en', true)).toEqual(pageText(subjects[0]!, 'en', true, Date.UTC(2026, 10, 21, 19, 15)));
  });

  it('goes out in UTC rather than not at all when the time zone of the team is unknown here', () => {
    expect(write(every[0]!, true, 'Moon/Tranquility').text).toContain('UTC');
    expect(write(every[0]!, true, 'Moon/Tranquility').text).toContain('19:12');
  });
});
