import type { ColumnType, JSONColumnType } from 'kysely';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import type { Holiday, Layer, Override } from '#domain/rota.ts';

/** Of the rotas of care teams: see migration 0016. */

type Time = ColumnType<Date, Date | string, Date | string>;
type MaybeTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;

export interface RotaTables {
  rota: {
    team_id: TeamId;
    layers: JSONColumnType<Layer[]>;
    holidays: JSONColumnType<Holiday[]>;
    version: number;
    updated_at: MaybeTime;
    updated_by: ColumnType<ClinicianId | null, ClinicianId | null | undefined, ClinicianId | null>;
  };
  rota_override: {
    id: string;
    team_id: TeamId;
    clinician_id: ClinicianId;
    instead: JSONColumnType<Override['instead']>;
    from_at: Time;
    to_at: Time;
    created_at: Time;
    created_by: ClinicianId | null;
    removed_at: MaybeTime;
    removed_by: ColumnType<ClinicianId | null, ClinicianId | null | undefined, ClinicianId | null>;
  };
}
