-- Who is on call, by layers of weeks instead of a list; policies for each severity; several alerts in one message.

-- What stands in `layers` and `holidays` is described in domain/rota.ts.
create table rota (
  team_id uuid primary key references care_team,
  layers jsonb not null default '[]',
  holidays jsonb not null default '[]',
  -- Whoever changes it says which one they saw.
  version int not null default 1,
  updated_at timestamptz,
  updated_by uuid references clinician
);
insert into rota (team_id, layers)
select
  place_of_team.team_id,
  jsonb_build_array(
    jsonb_build_object(
      'id', 'usual',
      'name', jsonb_build_object('en', 'Usual rota', 'zh', '常规值班'),
      'shifts', '[{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "00:00"}]'::jsonb,
      'places', jsonb_agg(
        jsonb_build_object('people', case when clinician_id is null then '[]' else jsonb_build_array(clinician_id) end)
        order by place
      ),
      'since', '2024-01-01',
      'until', null,
      'holidaysOnly', false
    )
  )
from (select team_id, generate_series(0, max(position)) as place from on_call group by team_id) as place_of_team
left join on_call on on_call.team_id = place_of_team.team_id and on_call.position = place
group by place_of_team.team_id;
drop table on_call;

-- Somebody covers for a while. Removed ones stay, so that a removal can be undone and told.
create table rota_override (
  id uuid primary key,
  team_id uuid not null references care_team,
  clinician_id uuid not null references clinician,
  -- {"kind": "place", "place": 0} or {"kind": "person", "person": …}
  instead jsonb not null,
  from_at timestamptz not null,
  to_at timestamptz not null check (to_at > from_at),
  created_at timestamptz not null,
  created_by uuid references clinician,
  removed_at timestamptz,
  removed_by uuid references clinician
);
create index rota_override_by_team on rota_override (team_id, to_at) where removed_at is null;

-- Policies as described in domain/escalation.ts. What called for a critical alert goes on as it was; an urgent one calls the first step twice.
alter table care_team rename column escalation to policies;
alter table care_team
  add column policies_version int not null default 1,
  add column policies_updated_at timestamptz,
  add column policies_updated_by uuid references clinician;
with policy as (
  select
    id,
    policies -> 'repeatAfterSeconds' as repeat_after,
    policies -> 'rounds' as rounds,
    coalesce(
      (
        select
          jsonb_agg(
            jsonb_build_object(
              'afterSeconds', step -> 'afterSeconds',
              'targets', (
                select jsonb_agg(jsonb_build_object('kind', 'on-call', 'place', place))
                from jsonb_array_elements(step -> 'onCall') as place
              ),
              'channels', null
            )
            order by nth
          )
        from jsonb_array_elements(policies -> 'steps') with ordinality as listed (step, nth)
        where jsonb_array_length(step -> 'onCall') > 0
      ),
      '[{"afterSeconds": 0, "targets": [{"kind": "on-call", "place": 0}], "channels": null}]'
    ) as steps
  from care_team
)
update care_team
set policies = jsonb_build_object(
  'critical', jsonb_build_object('steps', steps, 'repeatAfterSeconds', repeat_after, 'rounds', rounds),
  'urgent', jsonb_build_object('steps', jsonb_build_array(steps -> 0), 'repeatAfterSeconds', 3600, 'rounds', 2),
  'routine', null,
  'quietHours', '{"from": "21:00", "to": "07:00"}'::jsonb
)
from policy
where policy.id = care_team.id;

-- Alerts that were opened before name the people themselves.
update alert
set escalation = jsonb_build_object(
  'steps', (
    select
      jsonb_agg(
        jsonb_build_object(
          'afterSeconds', step -> 'afterSeconds',
          'targets', (
            select jsonb_agg(jsonb_build_object('kind', 'person', 'clinician', recipient))
            from jsonb_array_elements(step -> 'recipients') as recipient
          ),
          'channels', null
        )
        order by nth
      )
    from jsonb_array_elements(escalation -> 'steps') with ordinality as listed (step, nth)
  ),
  'repeatAfterSeconds', escalation -> 'repeatAfterSeconds',
  'rounds', escalation -> 'rounds',
  'quiet', null
)
where escalation is not null;

-- What went out together has the same message.
alter table page add column message uuid;
create index page_by_recipient on page (recipient, channel, last_attempt_at desc);
-- The step with which the calling began that this page belongs to: an alert that worsens calls again from the beginning.
alter table page add column base int not null default 0;
update page
set base = split_part(agenda.subject, '/', 2)::int
from agenda
where agenda.kind = 'page-send' and split_part(agenda.subject, '/', 1) = page.id::text and page.state = 'due';
