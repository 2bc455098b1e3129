import type { CohortReading, Flawed } from '#domain/cohort-file.ts';
import type { Mark, Value } from '#domain/reading.ts';
import type { PanelName } from '#domain/vitals.ts';

/** What a device shows at a moment, and what the simulation knows of it. */
export type Measurement = {
  panel: PanelName;
  /** ms since 1970, as it truly was. */
  at: number;
  values: Value[];
  marks: Mark[];
  flaw?: Flawed['flaw'];
};

/** A measurement under way to the server. Times are ms since 1970. */
export type Sent = { reading: CohortReading; receivedAt: number; measured: Measurement };
