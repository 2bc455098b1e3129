import type { PatientId, TeamId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import { parametersInForce } from '#domain/rule-book.ts';
import type { PatientView } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import { findLatestValues } from '#runtime/records/latest-values.ts';
import { carePlanOf, findPatient } from '#runtime/records/patients.ts';
import { teamOverrides } from '#runtime/records/plans.ts';
import { readRuleBook } from '#runtime/records/rule-book.ts';
import { inOrder, lastTakenOf, silentSince, summaryOf } from './attention.ts';
import { deviceViews } from './device-views.ts';
import { notFound } from './problems.ts';
import type { ApiDeps } from './web.ts';

type Deps = Pick<ApiDeps, 'records' | 'clock'>;

/** @throws Refusal unless one of these teams cares for them */
export async function patientOfTeams({ records }: Deps, teams: TeamId[], id: PatientId): Promise<Patient> {
  const patient = await findPatient(records, teams, id);
  if (!patient) throw notFound();
  return patient;
}

/** A patient as care teams see them. */
export async function viewOfPatient({ records, clock }: Deps, patient: Patient): Promise<PatientView> {
  const now = clock.now();
  const [carePlan, ofTeam, rules, latestValues, devices] = await Promise.all([
    carePlanOf(records, patient.id),
    teamOverrides(records, patient.team),
    readRuleBook(records),
    findLatestValues(records, [patient.id]),
    deviceViews(records, patient.id, instant(now)),
  ]);
  const latest = inOrder(latestValues.get(patient.id) ?? []);
  const lastTakenAt = lastTakenOf(latest);
  return {
    patient: summaryOf(patient, now),
    carePlan,
    rules: rules.map((entry) => ({
      ...entry,
      inForce: parametersInForce(entry, carePlan.overrides[entry.rule], ofTeam?.[entry.rule]),
    })),
    latest,
    lastTakenAt,
    silent: silentSince(lastTakenAt, carePlan, now) !== undefined,
    devices,
  };
}
