-- Where clinicians can be reached besides the mail address of their account, and by which channels the platform can do so.

create table contact_point (
  id uuid primary key,
  clinician_id uuid not null references clinician (id) on delete cascade,
  kind text not null check (kind in ('email', 'phone', 'ntfy', 'web-push')),
  -- A mail address, a number, a topic, or the subscription of a browser as JSON.
  address text not null,
  label text,
  -- Nobody else reads what arrives there.
  confidential boolean not null default false,
  -- {"from": "22:00", "to": "06:30", "timeZone": …}: what is not critical waits. Null: never quiet.
  quiet jsonb,
  created_at timestamptz not null,
  -- Null: nobody has shown yet that what is sent there reaches them.
  verified_at timestamptz,
  code_hash text,
  code_expires_at timestamptz,
  code_tries int not null default 0,
  -- The last that got through, and what the last attempt failed with.
  sent_at timestamptz,
  fault text,
  -- The far end says that it does not exist any more.
  gone_at timestamptz,
  -- Taken away by its owner, who may undo that for a while.
  removed_at timestamptz
);
create unique index contact_point_once on contact_point (clinician_id, kind, address) where removed_at is null;
create index contact_point_removed on contact_point (removed_at) where removed_at is not null;

-- The channels that are configured, as whoever sends says at its start: the API does not know them otherwise.
create table page_channel (
  name text primary key,
  -- A kind of contact point, 'group' (a room that many read) or 'system' (a program of the hospital).
  reaches text not null,
  confidential boolean not null,
  -- Of Web Push: what a browser subscribes with.
  public_key text
);
