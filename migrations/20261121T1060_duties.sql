-- 義務: what the receiver of a flow owes its giver (S-36…S-50), as cases with steps, and the documents they produce (S-52).

create table duty_cases (
  id uuid primary key,
  number text unique,                    -- of its first document: what people call it; null while a draft
  kind text not null check (kind in ('report', 'management', 'order', 'audit', 'leak', 'claim', 'approval')),
  member_id uuid references members,     -- the company on one side of it; null: a leak of the consortium alone
  receiver text not null check (receiver in ('consortium', 'member')), -- whom the duty binds
  flow_id uuid references contract_flows,
  service_id uuid references services,
  state text not null,
  due_at timestamptz,                    -- exclusive end of the last day, or the moment; null: nothing runs
  audit_on date,
  after_id uuid references duty_cases,   -- the report an audit stands on, the audit a claim stands on
  known_at timestamptz,                  -- leaks: the first knowledge of it; both clocks count from here (E-13)
  draft jsonb,                           -- a leak notice not yet sent, or a field filled so far
  opened_at timestamptz not null,
  changed_at timestamptz not null,
  closed_at timestamptz,
  check ((kind = 'audit') = (audit_on is not null)),
  check (member_id is not null or (kind = 'leak' and receiver = 'consortium'))
);
create index duty_cases_by_member on duty_cases (member_id, changed_at desc);
create index duty_cases_open on duty_cases (due_at) where closed_at is null;
create unique index duty_cases_one_audit_per_report on duty_cases (after_id)
  where kind = 'audit' and state <> 'cancelled';

-- What happened to a case, in order. `body` holds what was written; never the data of a resident.
create table duty_steps (
  id uuid primary key,
  case_id uuid not null references duty_cases,
  position integer not null,
  step text not null,
  side text not null check (side in ('consortium', 'member')),
  by_id text not null,
  body jsonb not null,
  body_hash bytea not null,
  document_id uuid,
  at timestamptz not null,
  unique (case_id, position)
);

-- One running number a year; taken in the transaction of its document, so that none is left out.
create table duty_numbers (
  year integer primary key,
  last integer not null
);

-- 書面 (S-52): immutable, with number, date and sender. The words are kept as they were, in both languages.
create table duty_documents (
  id uuid primary key,
  year integer not null,
  running integer not null,
  number text not null unique,
  kind text not null,
  case_id uuid not null references duty_cases,
  member_id uuid references members,
  sender text not null check (sender in ('consortium', 'member')),
  sender_id text not null,
  body jsonb not null,
  body_hash bytea not null,
  sent_at timestamptz not null,
  unique (year, running)
);
create index duty_documents_by_case on duty_documents (case_id, running);

-- Proof of delivery: who of the other side opened it in the portal or the console, and when first.
create table duty_readings (
  document_id uuid not null references duty_documents,
  side text not null check (side in ('consortium', 'member')),
  reader_id text not null,
  at timestamptz not null,
  primary key (document_id, reader_id)
);

-- Mails that told of a document or of its lateness: when queued, when the mail server took them.
create table duty_mails (
  id uuid primary key,
  case_id uuid not null references duty_cases,
  document_id uuid references duty_documents,
  staff_id uuid references staff,
  operator_id uuid references operators,
  queued_at timestamptz not null,
  handed_over_at timestamptz,
  check (num_nonnulls(staff_id, operator_id) = 1)
);
create index duty_mails_by_case on duty_mails (case_id);

-- A reminder is sent once for each step that is due.
create table duty_reminders (
  case_id uuid not null references duty_cases,
  position integer not null,             -- the step that made it due
  kind text not null check (kind in ('soon', 'late')),
  at timestamptz not null,
  primary key (case_id, position, kind)
);

do $$
declare t text;
begin
  foreach t in array array['duty_steps', 'duty_documents', 'duty_readings', 'duty_reminders'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;
