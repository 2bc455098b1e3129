import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { type Alert, type Evidence, newAlert, outcomes, severities, snoozeAtMostMinutes } from '#domain/alert.ts';
import type { AlertChange } from '#domain/alert-change.ts';
import type { Escalation } from '#domain/escalation.ts';
import { AlertId, ClinicianId, PatientId, ReadingId, TeamId } from '#domain/ids.ts';

/** Alerts and what may happen to them, made up; times count from `start`. */

export const start = Date.UTC(2026, 6, 30, 6, 0, 0);
export const iso = (ms: number): string => new Date(start + ms).toISOString();
export const [minute, hour] = [60_000, 3_600_000];

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const people = [1, 2, 3].map((n) => ClinicianId.parse(uuid(n)));
export const words = { en: 'x', zh: '某' };

export const escalation: Escalation = {
  steps: [{ afterSeconds: 0, targets: [{ kind: 'on-call', place: 0 }], channels: null }],
  repeatAfterSeconds: 900,
  rounds: 3,
  quiet: null,
};

export const evidenceAt = (ms: number): Evidence => ({
  reading: ReadingId.parse(createHash('sha256').update(String(ms)).digest('hex').slice(0, 32)),
  panel: 'blood-pressure',
  takenAt: iso(ms),
  heardAt: iso(ms + 1_000),
  values: [],
  marks: [],
});

export const alertOf = (wish: Partial<Alert> = {}): Alert => ({
  ...newAlert({
    id: AlertId.parse(uuid(10)),
    patient: PatientId.parse(uuid(11)),
    team: TeamId.parse(uuid(12)),
    ...{ rule: 'severe', problem: 'trouble', ruleVersion: 1, parameters: {}, severity: 'urgent' },
    ...{ title: words, explanation: words, evidence: [evidenceAt(0)], escalation, openedAt: iso(0) },
  }),
  ...wish,
});

const person = fc.constantFrom(...people);
const note = fc.option(fc.constant('a note'));
const rule = fc.constantFrom('severe', 'mild', 'trend');
const finding = fc.record({
  voice: rule.map((one) => ({ rule: one, ruleVersion: 2, parameters: { limit: 1 }, title: words })),
  severity: fc.constantFrom(...severities),
  explanation: fc.constant(words),
  escalation: fc.option(fc.constant(escalation)),
});

/** Any change, to happen at `ms` after the start; most of them make sense now and then. */
export const changeAt = (ms: number): fc.Arbitrary<AlertChange> => {
  const at = iso(ms);
  const evidence = [evidenceAt(ms)];
  const most = 2 * snoozeAtMostMinutes.routine;
  return fc.oneof(
    fc.record({ kind: fc.constant('acknowledge' as const), by: person, note, at: fc.constant(at) }),
    fc.record({ kind: fc.constant('hand-over' as const), by: person, to: person, note, at: fc.constant(at) }),
    fc
      .oneof(fc.constantFrom(0, 4, 5, 60, 61, 720, 721, 10_080, 10_081), fc.integer({ min: -9, max: most }))
      .chain((minutes) =>
        fc.record({
          ...{ kind: fc.constant('snooze' as const), by: person, note, at: fc.constant(at) },
          until: fc.constant(iso(ms + minutes * minute)),
        }),
      ),
    fc.record({ kind: fc.constant('unsnooze' as const), by: person, at: fc.constant(at) }),
    fc.record({ kind: fc.constant('wake' as const), why: fc.constantFrom('time', 'silence'), at: fc.constant(at) }),
    fc.record({
      ...{ kind: fc.constant('resolve' as const), by: fc.option(person), note, at: fc.constant(at) },
      outcome: fc.constantFrom(...outcomes),
    }),
    fc.record({
      ...{ kind: fc.constant('join' as const), rule, evidence: fc.constant(evidence), at: fc.constant(at) },
      standing: fc.option(fc.constantFrom('beyond', 'within')),
    }),
    ...(['worsen', 'renew', 'reopen'] as const).map((kind) =>
      finding.map((found) => ({ kind, ...found, evidence, at })),
    ),
  );
};

/** A story of changes, each some time after the one before. */
export const story: fc.Arbitrary<AlertChange[]> = fc
  .array(fc.integer({ min: 1, max: 20 * 60 }), { minLength: 1, maxLength: 40 })
  .chain((gaps) => {
    let ms = 0;
    return fc.tuple(
      ...gaps.map((minutes) => {
        ms += minutes * minute;
        return changeAt(ms);
      }),
    );
  });
