import { describe, expect, it } from 'vitest';
import type { DangerousEvent, Flawed } from '#domain/cohort-file.ts';
import { PatientId, ReadingId } from '#domain/ids.ts';
import { type Judged, type SeenAlert, type SeenPage, verdictOn } from '../../rules/backtest/verdict.ts';
import { judgedPatient } from '../../simulators/cohort/judged.ts';
import { createCohort } from '../../simulators/cohort.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const patient = PatientId.parse('4ea47b00-0003-4000-8000-000000000001');
const reading = (n: number) => ReadingId.parse(n.toString(16).padStart(32, '0'));
const crisis: DangerousEvent = {
  kind: 'hypertensive-crisis',
  onset: 10 * dayMs,
  until: 11 * dayMs,
  problems: ['blood-pressure-high'],
  shownBy: [reading(1)],
  detectableAt: 10 * dayMs + 4 * hourMs,
};
const alertAt = (openedAt: number, more: Partial<SeenAlert> = {}): SeenAlert => ({
  ...{ patient, rule: 'blood-pressure-severe', problem: 'blood-pressure-high', severity: 'critical', openedAt },
  ...{ resolvedAt: null, byItself: false, evidence: [reading(1)], ...more },
});
const pageAt = (at: number, evidence: ReadingId[]): SeenPage => ({
  ...{ patient, rule: 'blood-pressure-severe', problem: 'blood-pressure-high', at, evidence },
});
const judgedAs = (alerts: SeenAlert[], pages: SeenPage[] = [], flawed: Flawed[] = []): Judged => ({
  ...{ patient, alerts, pages, truth: { events: [crisis], flawed } },
});

describe('the verdict', () => {
  it('finds a danger by an alert of its problem while it is on, and says how soon', () => {
    const { sensitivity, missed, byDanger, byRule } = verdictOn([judgedAs([alertAt(10 * dayMs + 5 * hourMs)])], 28);
    expect({ sensitivity, missed }).toEqual({ sensitivity: 1, missed: [] });
    expect(byDanger['hypertensive-crisis']).toMatchObject({
      ...{ events: 1, detectable: 1, found: 1, delay: { median: hourMs, greatest: hourMs } },
      fromOnset: { median: 5 * hourMs, greatest: 5 * hourMs },
    });
    expect(byRule['blood-pressure-severe']).toMatchObject({ alertsPerPatientWeek: 0.25, needless: 0 });
  });

  it('finds nothing by another problem, another time, an alert that was closed before, or one that stood for weeks', () => {
    const others = [
      alertAt(10 * dayMs + 5 * hourMs, { problem: 'blood-pressure-low' }),
      alertAt(12 * dayMs),
      alertAt(9 * dayMs, { resolvedAt: 9.5 * dayMs }),
      alertAt(2 * dayMs),
    ];
    for (const other of others) {
      const { sensitivity, missed, byRule } = verdictOn([judgedAs([other])], 28);
      expect({ sensitivity, missed: missed.length }).toEqual({ sensitivity: 0, missed: 1 });
      expect(byRule[other.rule]!.needless).toBe(1);
    }
  });

  it('finds a danger by a call in an episode that was open for weeks', () => {
    const call = pageAt(10 * dayMs + 6 * hourMs, [reading(1)]);
    expect(verdictOn([judgedAs([alertAt(2 * dayMs)], [call])], 28).sensitivity).toBe(1);
  });

  it('holds against nobody what no reading could show', () => {
    const unseen = { ...judgedAs([]), truth: { events: [{ ...crisis, detectableAt: null }], flawed: [] } };
    const { sensitivity, missed, byDanger } = verdictOn([unseen], 28);
    expect({ sensitivity, missed }).toEqual({ sensitivity: 1, missed: [] });
    expect(byDanger['hypertensive-crisis']).toMatchObject({ events: 1, detectable: 0, delay: null });
  });

  it('tells calls out of what a device called wrong from those out of what nobody could know, and from sound ones', () => {
    const flawed = [
      { reading: reading(1), flaw: 'movement' as const, marked: true },
      { reading: reading(2), flaw: 'exertion' as const, marked: false },
    ];
    const calls = [[reading(1)], [reading(2)], [reading(2), reading(3)]].map((evidence, i) => pageAt(i, evidence));
    const { pagesFromArtefacts, pagesFromUnmarked } = verdictOn([judgedAs([], calls, flawed)], 28);
    expect(pagesFromArtefacts).toEqual([calls[0]]);
    expect(pagesFromUnmarked).toEqual([calls[1]]);
  });
});

describe('the book, on a simulated cohort', () => {
  it('finds every danger, asks for less than one look per patient and week, and calls nobody for an artefact', () => {
    const days = 30;
    const from = Date.UTC(2026, 0, 1);
    const judged = [...createCohort({ seed: 1, patients: 60, days, from })].map((one) =>
      judgedPatient(one, { from, to: from + days * dayMs }),
    );
    const verdict = verdictOn(judged, days);
    const found = Object.values(verdict.byDanger).reduce((sum, danger) => sum + danger.found, 0);
    expect(found).toBeGreaterThan(8);
    expect(verdict.missed).toEqual([]);
    expect(verdict.alertsPerPatientWeek).toBeLessThan(1);
    expect(verdict.pagesPerPatientWeek).toBeLessThan(0.2);
    expect(verdict.pagesFromArtefacts).toEqual([]);
  });
});
