import { ClinicianId, DeviceId, PatientId, SourceId, TeamId } from './ids.ts';
import type { PanelName } from './vitals.ts';

/**
 * The canary: somebody who is nobody, whose readings go the whole way through the platform again and again, so that it is known to work before
 * somebody needs it. Fixed ids, in which no clinician has a part; the tables that hold them say so in a column `canary`
 * (migration 0024). It stands in no list, no worklist, no count of care.
 */
export const canary = {
  team: TeamId.parse('ca4a2700-0000-4000-8000-000000000001'),
  patient: PatientId.parse('ca4a2700-0000-4000-8000-000000000002'),
  /** Whom its alerts call: no person, and by one channel only, which leads nowhere. */
  clinician: ClinicianId.parse('ca4a2700-0000-4000-8000-000000000003'),
  assignment: 'ca4a2700-0000-4000-8000-000000000004',
  source: SourceId.parse('canary'),
  device: DeviceId.parse('canary-cuff'),
  channel: 'canary',
  panel: 'blood-pressure',
} as const satisfies { panel: PanelName } & Record<string, string>;
