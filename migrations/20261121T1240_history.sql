-- The resident's history: read by key, newest first, however long it is. What was asked and not given is kept with its reason.

-- One resident, or one resident and service, in the order of the timeline. The second also serves the count of releases
-- a month and the last provision to each service.
drop index provision_records_by_resident;
create index provision_records_by_resident on provision_records (resident_id, at desc, id desc);
create index provision_records_by_resident_service
  on provision_records (resident_id, service_id, at desc, id desc);

create index showings_by_interaction on showings (interaction_uid) where interaction_uid is not null;

-- Items that the service asked for and the resident agreed to, and that did not leave: item → bound, not_approved or
-- no_value. Part of the evidence; null where nothing was held back.
alter table provision_records add column withheld jsonb;

-- Requests to which nothing at all was given: the first of a day, a service and a reason (pages.md R8).
create table provision_refusals (
  id uuid primary key,
  resident_id uuid not null,
  service_id uuid not null,
  day date not null,                     -- in Asia/Tokyo
  why text not null,
  at timestamptz not null,
  unique (resident_id, service_id, day, why)
);
create index provision_refusals_by_resident on provision_refusals (resident_id, at desc, id desc);
create trigger provision_refusals_append_only before update or delete or truncate on provision_refusals
  for each statement execute function refuse_change();
