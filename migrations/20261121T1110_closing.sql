-- Closing an account (M8), and what companies answer where they were asked to erase (pages.md R7, M5).

alter table residents
  add column closing_asked_at timestamptz,
  add column closes_at timestamptz,        -- from then on it is erased; called off until then
  add constraint residents_closing check ((closing_asked_at is null) = (closes_at is null));
create index residents_closing_due on residents (closes_at)
  where closes_at is not null and closed_at is null;

-- Written in the transaction of the withdrawal. The person is named by the sub the company knows, and no other way.
create table deletion_requests (
  id uuid primary key,
  consent_id uuid not null unique references consents,  -- the version that withdrew
  resident_id uuid not null references residents,
  service_id uuid not null references services,
  member_id uuid not null references members,
  subject text not null,
  asked_at timestamptz not null,
  due_at timestamptz not null,
  check (due_at > asked_at)
);
create index deletion_requests_by_member on deletion_requests (member_id, due_at);
create index deletion_requests_by_resident on deletion_requests (resident_id, service_id);
create trigger deletion_requests_append_only before update or delete or truncate on deletion_requests
  for each statement execute function refuse_change();

-- One answer each: the primary key is what makes of many answers at once one.
create table deletion_answers (
  request_id uuid primary key references deletion_requests,
  outcome text not null check (outcome in ('done', 'partly', 'refused')),
  done_on date,
  reason text,
  answered_at timestamptz not null,
  by_kind text not null,
  by_id uuid not null,
  check ((done_on is null) = (outcome = 'refused')),
  check ((reason is null) = (outcome = 'done'))
);
create trigger deletion_answers_append_only before update or delete or truncate on deletion_answers
  for each statement execute function refuse_change();
