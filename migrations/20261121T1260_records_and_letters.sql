-- 提供記録 as the law lists it (APPI 29, 30), and the letters after a leak (APPI 26(2), 68(2)).

-- Who gave: the consortium as the settings file named it, noted whenever that changed, so that a record of last year
-- names last year's representative.
create table giver_versions (
  version integer primary key,
  since timestamptz not null,
  body jsonb not null,                   -- {consortium, address, representative, …}: the installation as it was
  body_hash bytea not null
);
create trigger giver_versions_append_only before update or delete or truncate on giver_versions
  for each statement execute function refuse_change();

create index provision_records_by_member on provision_records (member_id, at, id);

-- One round of letters about a leak: whose data, what of it, how far counting and sending are.
create table incidents (
  id uuid primary key,
  case_id uuid not null references duty_cases,
  member_id uuid references members,     -- null: the consortium's own leak
  state text not null check (state in ('counting', 'counted', 'sending', 'sent', 'withdrawn')),
  services uuid[] not null,              -- holders of what leaked; all of these services together
  items text[] not null,
  since timestamptz,                     -- provisions from here on; null: from the first
  until timestamptz not null,            -- and before here
  counted_services integer not null default 0,  -- services counted to their end, in the order of `services`
  counted_to_at timestamptz,             -- of the next, the last record that was counted: it goes on behind it
  counted_to_id uuid,
  counted_at timestamptz,
  figures jsonb,                         -- see incidents/model.ts
  proposal_id uuid references proposals,
  opened_by uuid not null references operators,
  opened_at timestamptz not null,
  changed_at timestamptz not null,
  approved_at timestamptz,
  finished_at timestamptz,
  check ((state = 'counting') or counted_at is not null or state = 'withdrawn'),
  check (cardinality(services) > 0 and cardinality(items) > 0)
);
create index incidents_by_case on incidents (case_id, opened_at);
create unique index incidents_one_open on incidents (case_id) where state in ('counting', 'counted');

-- What each person had given away of it, counted from provision_records; one row per person, service and item.
create table incident_findings (
  incident_id uuid not null references incidents,
  resident_id uuid not null,
  service_id uuid not null,
  item text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  times integer not null,
  consents uuid[] not null,
  primary key (incident_id, resident_id, service_id, item)
);

-- The work in pieces: a piece is done in one transaction, and done once.
create table incident_batches (
  incident_id uuid not null references incidents,
  number integer not null,
  first_resident uuid not null,
  last_resident uuid not null,
  persons integer not null,
  done_at timestamptz,
  primary key (incident_id, number)
);

-- One letter each: the key is what makes of two workers and a rerun one letter.
create table incident_letters (
  id uuid primary key,
  incident_id uuid not null references incidents,
  resident_id uuid not null,
  outcome text not null check (outcome in ('posted', 'unreachable')),
  at timestamptz not null,
  mailed_at timestamptz,                 -- handed to the mail server
  printed_at timestamptz,                -- on paper, from the desk
  unique (incident_id, resident_id)
);
create index incident_letters_unmailed on incident_letters (incident_id, resident_id)
  where mailed_at is null and outcome = 'posted';
create index incident_letters_by_resident on incident_letters (resident_id, at desc);
