import { randomUUID } from 'node:crypto';
import type { BacktestReport, Burden } from '#domain/backtest.ts';
import { usualPeople } from '#domain/backtest.ts';
import type { Patient } from '#domain/people.ts';
import { askBacktest, claimBacktest, finishBacktest } from '#runtime/records/backtests.ts';
import type { Records } from '#runtime/records/connect.ts';
import { makeClinician } from './people.ts';

/** Plans, limits and backtests for tests that are not about what they find. */

/** What makes a call to a route about plans and backtests right; for the rule of `makeRule`. */
export const planBodies: Record<string, unknown> = {
  'PUT /api/v1/patients/:id/care-plan/programmes': { programmes: ['hypertension'] },
  'PUT /api/v1/patients/:id/care-plan/expected': {
    expected: [{ panel: 'blood-pressure', times: 2, everyDays: 1 }],
  },
  'PUT /api/v1/patients/:id/care-plan/follow-up': { followUp: [] },
  'PUT /api/v1/patients/:id/care-plan/pause': { pause: null },
  'POST /api/v1/patients/:id/care-plan/forecast': { rule: 'severe-hypertension', parameters: { systolic: 190 } },
  'PUT /api/v1/teams/:id/parameters/:rule': { parameters: { systolic: 175 } },
  'POST /api/v1/teams/:id/parameters/forecast': { rule: 'severe-hypertension', parameters: { systolic: 190 } },
  'POST /api/v1/backtests': { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
  'POST /api/v1/backtests/:id/cancel': {},
};

export const noBurden: Burden = {
  alerts: 0,
  alertsPerPatientWeek: 0,
  calls: 0,
  callsPerPatientWeek: 0,
  callsByHour: Array.from({ length: 24 }, () => 0),
  alertsByWeek: [0],
  clearedShare: null,
  truth: null,
};

export const noReport: BacktestReport = {
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-08T00:00:00.000Z',
  patients: 1,
  patientWeeks: 1,
  readings: 0,
  people: usualPeople,
  proposal: null,
  changes: [],
  rules: [],
  all: { today: noBurden, proposed: null },
  appeared: { count: 0, episodes: [] },
  vanished: { count: 0, episodes: [] },
};

/** A plan's forecast that is done, of the parameters `set`; answers its id. */
export async function makeBacktest(
  records: Records,
  patient: Patient,
  set: Record<string, Record<string, number>> = {},
): Promise<string> {
  const id = randomUUID();
  const at = new Date().toISOString();
  const by = (await makeClinician(records, { teams: [patient.team], role: 'doctor' })).id;
  const wish = {
    rules: Object.keys(set),
    patients: [patient.id],
    from: noReport.from,
    to: noReport.to,
    set,
    people: usualPeople,
  };
  await records.deleteFrom('backtest').where('state', 'in', ['waiting', 'running']).execute();
  await askBacktest(records, { id, kind: 'plan-forecast', team: patient.team, patient: patient.id, wish, by, at });
  const claimed = await claimBacktest(records, Date.now(), Date.now() + 60_000);
  if (claimed?.id !== id) throw new Error('another backtest waits');
  const plots = { en: '<svg xmlns="http://www.w3.org/2000/svg"/>', zh: '<svg xmlns="http://www.w3.org/2000/svg"/>' };
  await finishBacktest(records, claimed, { report: noReport, plots, patients: [patient.id] }, at);
  return id;
}
