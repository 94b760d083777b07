-- Sessions of operators and staff, apart from each other and from residents (G9), and the four-eyes record.

create table operator_sessions (
  id_hash bytea primary key,             -- SHA-256 of the cookie's value (M1)
  holder_id uuid not null references operators,
  device text not null,
  opened_at timestamptz not null,
  seen_at timestamptz not null,
  confirmed_at timestamptz not null,     -- the last second factor: step-up counts from here (J6)
  ended_at timestamptz
);
create index operator_sessions_by_holder on operator_sessions (holder_id, opened_at desc);

create table staff_sessions (
  id_hash bytea primary key,
  holder_id uuid not null references staff,
  device text not null,
  opened_at timestamptz not null,
  seen_at timestamptz not null,
  confirmed_at timestamptz not null,
  ended_at timestamptz
);
create index staff_sessions_by_holder on staff_sessions (holder_id, opened_at desc);

-- What somebody wants changed and a second person must see (J4). Only approval writes the thing itself.
create table proposals (
  id uuid primary key,
  kind text not null,                    -- 'member', 'contract', 'service', 'stop' …: see reviews/model.ts
  subject_id uuid,                       -- what it changes, or the id it will have
  member_id uuid references members,     -- the company concerned
  state text not null check (state in ('draft', 'submitted', 'returned', 'proposed', 'approved', 'refused', 'withdrawn')),
  revision integer not null,
  created_at timestamptz not null,
  changed_at timestamptz not null
);
create index proposals_by_state on proposals (state, kind, changed_at desc);
create index proposals_by_subject on proposals (subject_id);
create index proposals_by_member on proposals (member_id);

create table proposal_revisions (
  proposal_id uuid not null references proposals,
  revision integer not null,
  body jsonb not null,
  canonical text not null,               -- JCS of kind, subject and body: what body_hash is made of
  body_hash bytea not null,
  author_kind text not null check (author_kind in ('operator', 'staff', 'applicant')),
  author_id text not null,
  author_marks text[] not null,          -- keyed hashes that show one person behind two accounts
  at timestamptz not null,
  primary key (proposal_id, revision)
);

create table proposal_turns (
  id uuid primary key,
  proposal_id uuid not null references proposals,
  revision integer not null,
  body_hash bytea not null,
  turn text not null check (turn in ('drafted', 'edited', 'submitted', 'returned', 'proposed', 'approved', 'refused', 'withdrawn')),
  by_kind text not null check (by_kind in ('operator', 'staff', 'applicant', 'system')),
  by_id text not null,
  by_marks text[] not null,
  note text,
  at timestamptz not null
);
create index proposal_turns_by_proposal on proposal_turns (proposal_id, at);

do $$
declare t text;
begin
  foreach t in array array['proposal_revisions', 'proposal_turns'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;

-- 職員番号 or the like, as a keyed hash: one person has one account (J4).
alter table operators add column number_mark text;
alter table operators add column created_by uuid references operators;
create unique index operators_one_per_number on operators (number_mark) where number_mark is not null;
alter table staff add column ends_on date;
