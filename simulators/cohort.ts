import type { CohortPatient } from '#domain/cohort-file.ts';

/** `from`: ms since 1970, taken down to a midnight of UTC. The same request yields the same bytes, and patient `n` is the same however many there are. */
export type CohortRequest = { seed: number; patients: number; days: number; from: number };
export type CreateCohort = (request: CohortRequest) => Iterable<CohortPatient>;
