-- The auditor's canary (domain/canary.ts): flagged wherever it could be taken for somebody. Its ids are fixed, so the flag cannot be forgotten.
alter table care_team add column canary boolean not null generated always as (id = 'ca4a2700-0000-4000-8000-000000000001') stored;
alter table patient add column canary boolean not null generated always as (team_id = 'ca4a2700-0000-4000-8000-000000000001') stored;
alter table clinician add column canary boolean not null generated always as (id = 'ca4a2700-0000-4000-8000-000000000003') stored;
alter table source add column canary boolean not null generated always as (id = 'canary') stored;
-- What the auditor asks every minute, of open alerts and of pages that went lately.
create index alert_open_calling on alert (raised_at) where state = 'open' and escalation is not null;
