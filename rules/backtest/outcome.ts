import type { Truth } from '#domain/cohort-file.ts';
import type { PatientId } from '#domain/ids.ts';
import type { SeenAlert, SeenPage } from './verdict.ts';

/** What the replay of one patient ends in, inside the time looked at. */
export type Replayed = {
  patient: PatientId;
  timeZone: string;
  readings: number;
  /** When the first of all was heard, also before that time, ms since 1970; null: none was. */
  since: number | null;
  today: Outcome;
  /** Null where nothing is proposed. */
  proposed: Outcome | null;
  /** Null where nobody knows it. */
  truth: Truth | null;
};

/** `pages`: calls of the people on call, one each time that an alert begins to call. */
export type Outcome = { alerts: SeenAlert[]; pages: SeenPage[] };

/** ms since 1970, `to` exclusive. */
export type Span = { from: number; to: number };

export const byPatient = (a: Replayed, b: Replayed): number => (a.patient < b.patient ? -1 : 1);
