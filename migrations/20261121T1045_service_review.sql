-- What the review of a service holds each item to, beyond purposes: how often, how long, in which words (P-08, P-12).

alter table service_items add column bounds jsonb;      -- see Bounds in services/model.ts; null: none

-- Who approved what: one line per approved proposal of kind 'service', written with the version itself.
create table service_approvals (
  proposal_id uuid primary key references proposals,
  service_id uuid not null references services,
  service_version_id uuid not null references service_versions,
  revision_hash bytea not null,          -- of the revision that was approved
  results jsonb not null,                -- item → approved, partly, denied, with note and bounds
  clauses jsonb not null,                -- clause → checker, day, place in the company's terms (S-19)
  approved_by text not null,
  at timestamptz not null,
  unique (service_version_id)
);
create index service_approvals_by_service on service_approvals (service_id, at desc);
create trigger service_approvals_append_only before update or delete or truncate on service_approvals
  for each statement execute function refuse_change();

-- Who was told that a service ended: one mail per resident, however often the job runs.
create table service_end_notices (
  service_id uuid not null references services,
  resident_id uuid not null references residents,
  at timestamptz not null,
  primary key (service_id, resident_id)
);
create trigger service_end_notices_append_only before update or delete or truncate on service_end_notices
  for each statement execute function refuse_change();

-- Counting and telling go by service.
create index agreements_by_service on agreements (service_id) where ended_at is null;
