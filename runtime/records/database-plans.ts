import type { ColumnType, Generated } from 'kysely';
import type { BacktestFault, BacktestKind, BacktestReport, BacktestState, BacktestWish } from '#domain/backtest.ts';
import type { ClinicianId, PatientId, TeamId } from '#domain/ids.ts';
import type { Words } from '#domain/words.ts';

/** The tables of backtests and of changes of plans, as in database.ts. */

type Time = ColumnType<Date, Date | string, Date | string>;
type MaybeTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type MaybeJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export const planParts = ['overrides', 'programmes', 'expected', 'follow-up', 'pause'] as const;
export type PlanPart = (typeof planParts)[number];

export interface PlanTables {
  backtest: {
    id: string;
    kind: BacktestKind;
    team_id: TeamId;
    patient_id: PatientId | null;
    wish: ColumnType<BacktestWish, string, never>;
    asked_at: Time;
    asked_by: ClinicianId;
    state: BacktestState;
    held_until: MaybeTime;
    attempts: Generated<number>;
    progress: Generated<number>;
    ended_at: MaybeTime;
    fault: BacktestFault | null;
    report: MaybeJson<BacktestReport>;
    /** SVG by language. */
    plots: MaybeJson<Words>;
  };
  backtest_patient: { backtest_id: string; patient_id: PatientId };
  plan_change: {
    id: Generated<string>;
    at: Time;
    by: ClinicianId;
    team_id: TeamId;
    patient_id: PatientId | null;
    part: PlanPart;
    rule: string | null;
    before: MaybeJson<unknown>;
    after: MaybeJson<unknown>;
    forecast: string | null;
  };
}
