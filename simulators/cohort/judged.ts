import { type PeopleModel, usualPeople } from '#domain/backtest.ts';
import type { CohortPatient } from '#domain/cohort-file.ts';
import { TeamId } from '#domain/ids.ts';
import { heardFromCohort, replay } from '../../rules/backtest/replay.ts';
import type { Judged } from '../../rules/backtest/verdict.ts';
import type { Heard } from '../../rules/intake.ts';

/** One patient judged by the rules of today, as a backtest judges: alerts, calls, and beside them the truth. @param span ms since 1970. */
export function judgedPatient(
  patient: CohortPatient,
  span: { from: number; to: number },
  people: PeopleModel = usualPeople,
): Judged {
  const { id, timeZone, plan, readings, events, flawed } = patient;
  const { overrides, programmes, expected, pause, silentAfterMinutes } = plan;
  const judged = {
    patient: id,
    team: { team, timeZone, overrides: {} },
    plan: { overrides, programmes, expected, pause, silentAfterMinutes, from: span.from },
    memories: new Map<string, unknown>(),
    alerts: [],
  };
  const { outcomes } = replay([judged], heardIn(readings()), { span, people });
  return { patient: id, ...outcomes[0]!, truth: { events, flawed } };
}

const team = TeamId.parse('00000000-0000-4000-8000-000000000001');

function* heardIn(readings: ReturnType<CohortPatient['readings']>): Generator<Heard> {
  for (const heard of readings) yield heardFromCohort(heard);
}
