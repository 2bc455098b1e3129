-- What was asked of homes stays for a while and is then swept, oldest first; `npm run home -- list` looks for the last of each.
create index command_closed on command (closed_at) where closed_at is not null;
create index command_by_source on command (source_id, created_at desc);

-- An assignment that was taken back before it began ends when it begins: it covers nothing, and who made and ended it is kept.
alter table assignment drop constraint assignment_check, add constraint assignment_check check (to_at is null or to_at >= from_at);
