-- What rules remembered before: readings of two weeks, which are in the store, and what goes on, which must not be forgotten.
delete from rule_memory where memory ->> 'kind' = 'confirmed' and memory ->> 'countdown' is null
  and memory ->> 'episode' is null and json_array_length(memory -> 'known') = 0;
delete from rule_memory where memory ->> 'kind' = 'rising-average' and memory ->> 'episode' = 'false'
  and memory ->> 'raisedOn' is null;
-- The state of combinators/course.ts. An episode whose alert somebody closed meanwhile is over.
update rule_memory set memory = json_build_object(
  'kind', 'course',
  'episode', (
    select json_build_object(
      'severity', alert.severity,
      'opening', alert.explanation,
      'from', evidence.first_taken,
      'standing', 'beyond',
      'told', evidence.ids,
      'toldAt', evidence.last_taken)
    from alert, lateral (
      select json_agg(left(one ->> 'reading', 16)) as ids,
        (extract(epoch from min((one ->> 'takenAt')::timestamptz)) * 1000)::bigint as first_taken,
        (extract(epoch from max((one ->> 'takenAt')::timestamptz)) * 1000)::bigint as last_taken
      from jsonb_array_elements(alert.evidence) as one) as evidence
    where alert.patient_id = rule_memory.patient_id and alert.rule = rule_memory.rule and alert.state <> 'resolved'
      and rule_memory.memory ->> 'episode' = 'true'),
  'raisedBy', (memory ->> 'raisedOn')::bigint * 86400000,
  'closedUpTo', null,
  'asked', null)
where memory ->> 'kind' = 'rising-average';

-- The judge keeps in memory what it must know of patients: team, care plan, states of rules, unresolved alerts. Whatever changes one of these
-- leaves the number of its transaction here, and the judge asks before each batch whose number is newer than what it read.
create table judged_change (
  -- A patient, or a care team: then all its patients.
  subject uuid primary key,
  changed_in xid8 not null
);
create index judged_change_by_number on judged_change (changed_in);

-- At the end of the transaction, so that nobody waits for such a row while holding something else.
create function note_judged(changed uuid) returns void language sql as $$
  insert into judged_change values (changed, pg_current_xact_id())
  on conflict (subject) do update set changed_in = excluded.changed_in
  where judged_change.changed_in <> excluded.changed_in
$$;
create function note_judged_patient() returns trigger language plpgsql as $$
begin
  perform note_judged(coalesce(new.patient_id, old.patient_id));
  return null;
end $$;
create function note_judged_subject() returns trigger language plpgsql as $$
begin
  perform note_judged(coalesce(new.id, old.id));
  return null;
end $$;
create constraint trigger care_plan_judged after insert or update or delete on care_plan
  deferrable initially deferred for each row execute function note_judged_patient();
create constraint trigger memory_judged after insert or update or delete on rule_memory
  deferrable initially deferred for each row execute function note_judged_patient();
create constraint trigger alert_judged after insert or update or delete on alert
  deferrable initially deferred for each row execute function note_judged_patient();
create constraint trigger patient_judged after update of team_id, erased_at or delete on patient
  deferrable initially deferred for each row execute function note_judged_subject();
create constraint trigger team_judged after update of overrides, time_zone on care_team
  deferrable initially deferred for each row execute function note_judged_subject();
