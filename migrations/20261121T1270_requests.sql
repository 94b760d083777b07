-- 開示・訂正・利用停止・提供停止の請求, and reports of history entries: what was asked, then what happened, step by step.

create table rights_cases (
  id uuid primary key,
  number text not null unique,           -- what people call it: R-2026-0001
  year integer not null,
  running integer not null,
  kind text not null check (kind in ('disclosure', 'correction', 'suspension', 'stop_provision', 'report')),
  subject text not null check (subject in ('registered', 'records', 'service', 'services', 'other', 'entry')),
  resident_id uuid not null references residents,
  service_id uuid references services,
  items text[] not null default '{}',
  from_day date,
  to_day date,
  method text check (method in ('json', 'csv', 'page')),
  language text not null check (language in ('ja', 'en')),
  profile text not null,
  rule jsonb not null,                   -- days and how they are counted, as the installation had it on that day
  once uuid not null unique,             -- the form it came by: posted twice it is one case
  received_at timestamptz not null,
  unique (year, running),
  check ((kind = 'report') = (subject = 'entry'))
);
create index rights_cases_by_resident on rights_cases (resident_id, received_at desc);

-- The procedure. The state and the due date follow from these rows and the rule. `body` holds codes, days and hashes;
-- what a person wrote is in `sealed`, under the resident's key, so that erasing the key erases it (M8).
create table case_steps (
  id uuid primary key,
  case_id uuid not null references rights_cases,
  position integer not null,
  step text not null check (step in ('received', 'taken', 'completion_asked', 'completed', 'extended', 'special_term',
    'opinion_asked', 'opinion_received', 'vacancy_began', 'vacancy_ended', 'decided', 'carried_out', 'answered',
    'withdrawn', 'closed', 'appealed')),
  by_kind text not null check (by_kind in ('resident', 'operator', 'system')),
  by_id text not null,
  body jsonb not null,
  sealed bytea,
  body_hash bytea not null,              -- SHA-256 of the canonical body
  at timestamptz not null,
  unique (case_id, position)
);

-- Where each case stands, for lists and for locking: always what the steps and the rule say.
create table rights_standing (
  case_id uuid primary key references rights_cases,
  state text not null,
  due_at timestamptz,                    -- exclusive end of the last day; null: nothing runs
  ended_at timestamptz
);
create index rights_standing_open on rights_standing (due_at) where ended_at is null;

create table rights_numbers (
  year integer primary key,
  last integer not null
);

-- 本人確認: the password was entered again, in which browser and when.
create table identity_checks (
  id uuid primary key,
  resident_id uuid not null references residents,
  session_uid text not null,
  at timestamptz not null
);
create index identity_checks_by_session on identity_checks (session_uid, at desc);

-- A reminder goes out once for each due date.
create table rights_reminders (
  case_id uuid not null references rights_cases,
  due_at timestamptz not null,
  kind text not null check (kind in ('soon', 'late')),
  at timestamptz not null,
  primary key (case_id, due_at, kind)
);

do $$
declare t text;
begin
  foreach t in array array['rights_cases', 'case_steps', 'identity_checks', 'rights_reminders'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;
