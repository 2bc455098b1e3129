-- How the trouble of each rule stands that raised an alert: {"oxygen-low": "beyond", "oxygen-very-low": "within"}.
alter table alert add column standing jsonb not null default '{}';
update alert set standing = jsonb_build_object(rule, 'beyond');
