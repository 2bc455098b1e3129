import type { BacktestKind, ParameterSet } from '#domain/backtest.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';

/**
 * The patient as they would be with the change: a forecast puts it in the place of what the plan, or the team, sets for these rules; a
 * backtest puts it over what the team sets.
 */
export function withProposal(patient: JudgedPatient, kind: BacktestKind, set: ParameterSet): JudgedPatient {
  // objects of its own: what rules work out of parameters is kept by the object that sets them
  const { plan, team } = structuredClone({ plan: patient.plan, team: patient.team });
  if (kind === 'plan-forecast') return { ...patient, plan: { ...plan, overrides: { ...plan.overrides, ...set } } };
  const ofTeam = { ...team.overrides };
  for (const [rule, parameters] of Object.entries(set))
    ofTeam[rule] = kind === 'team-forecast' ? parameters : { ...ofTeam[rule], ...parameters };
  return { ...patient, team: { ...team, overrides: ofTeam } };
}
