-- When an assignment was entered: what was entered just now may be taken for a slip and undone. Null for those from before.
alter table assignment add column created_at timestamptz;
alter table assignment alter column created_at set default now();
