-- Backtests and forecasts: asked for by whoever looks, answered by the rules service into the same row.
create table backtest (
  id uuid primary key,
  kind text not null check (kind in ('backtest', 'plan-forecast', 'team-forecast')),
  team_id uuid not null references care_team,
  -- Whose plan a plan's forecast is about.
  patient_id uuid references patient,
  -- BacktestWish in domain/backtest.ts.
  wish jsonb not null,
  asked_at timestamptz not null,
  asked_by uuid not null references clinician,
  state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  -- While it runs, whoever has it in hand says so anew every few seconds: who does not is dead, and another takes it over.
  held_until timestamptz,
  -- Who died with it in hand so often shall not do so for ever.
  attempts integer not null default 0,
  progress real not null default 0,
  ended_at timestamptz,
  fault text,
  -- BacktestReport, and its plots as SVG: {"en": …, "zh": …}.
  report jsonb,
  plots jsonb,
  check ((patient_id is null) = (kind <> 'plan-forecast'))
);
create index backtest_to_do on backtest (asked_at) where state in ('waiting', 'running');
create index backtest_by_team on backtest (team_id, asked_at desc);

-- Whose history a report tells of: when one of them is to be forgotten, the report goes.
create table backtest_patient (
  backtest_id uuid not null references backtest on delete cascade,
  patient_id uuid not null references patient,
  primary key (patient_id, backtest_id)
);
create index backtest_patient_by_backtest on backtest_patient (backtest_id);

-- What the team of a patient or of a rule changed, and which forecast was seen before.
create table plan_change (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  by uuid not null references clinician,
  team_id uuid not null references care_team,
  -- Null: a change of the team's own parameters.
  patient_id uuid references patient,
  -- Which part of the plan: overrides, programmes, expected, follow-up, pause; of a team only overrides.
  part text not null check (part in ('overrides', 'programmes', 'expected', 'follow-up', 'pause')),
  -- The rule, where it is about one.
  rule text,
  -- As it was and as it is: null is "nothing was set".
  before jsonb,
  after jsonb,
  -- What the forecast promised: kept here too, for forecasts are forgotten after some weeks.
  forecast uuid
);
create index plan_change_by_patient on plan_change (patient_id, id desc) where patient_id is not null;
create index plan_change_by_team on plan_change (team_id, id desc) where patient_id is null;
