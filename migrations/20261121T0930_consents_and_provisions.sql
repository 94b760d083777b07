-- 同意: append-only versions inside an agreement; 提供記録: one row per release, by month.

-- What the consent screen showed, recorded when it is served (S-28, P-02).
create table showings (
  id uuid primary key,
  resident_id uuid not null references residents,
  service_id uuid not null references services,
  interaction_uid text,                  -- null when shown on the resident's own pages
  reason text not null,
  canonical text not null,               -- JCS of versions, language, items, purposes, end, commitments
  page_hash bytea not null,              -- SHA-256 of the rendered <main> without the CSRF field
  salt bytea not null,                   -- of the value commitments, sealed under the resident's key
  shown_at timestamptz not null
);
create index showings_by_resident on showings (resident_id, shown_at desc);

-- One answer per showing: the lock that lets one of many parallel posts win (F4).
create table showing_answers (
  showing_id uuid primary key references showings,
  decision text not null check (decision in ('agree', 'refuse')),
  at timestamptz not null
);

-- Resident × service in force: lock and index, derivable from consents.
create table agreements (
  id uuid primary key,
  resident_id uuid not null references residents,
  service_id uuid not null references services,
  started_at timestamptz not null,
  ended_at timestamptz,
  end_kind text check (end_kind in ('withdrawn', 'paused', 'expired', 'superseded', 'closed')),
  check ((ended_at is null) = (end_kind is null))
);
create unique index agreements_one_in_force on agreements (resident_id, service_id) where ended_at is null;
create index agreements_by_resident on agreements (resident_id, started_at desc);

create table consents (
  id uuid primary key,
  agreement_id uuid not null references agreements,
  version integer not null,
  kind text not null check (kind in ('given', 'changed', 'paused', 'withdrawn')),
  resident_id uuid not null references residents,
  service_id uuid not null references services,
  member_id uuid not null references members,
  service_version_id uuid not null references service_versions,
  contract_version_id uuid not null references contract_versions,
  template text not null,
  template_version integer not null,
  template_hash bytea not null,
  language text not null,
  showing_id uuid references showings,
  page_hash bytea,
  shown_at timestamptz,
  agreed_at timestamptz not null,
  items jsonb not null,                  -- [{item, itemVersion, purposes, required}] in force with this version
  declined text[] not null,
  subject_type text not null,
  ends_at timestamptz not null,
  deletion_requested boolean not null default false,  -- with a withdrawal: the company is asked to erase (R7)
  salt bytea not null,                   -- sealed under the resident's key
  canonical text not null,
  leaf_hash bytea not null,
  unique (agreement_id, version),
  check (shown_at is null or shown_at < agreed_at)
);
create index consents_by_resident on consents (resident_id, agreed_at desc);

create table provision_records (
  id uuid not null,
  at timestamptz not null,
  resident_id uuid not null,
  service_id uuid not null,
  member_id uuid not null,
  agreement_id uuid not null,
  consent_id uuid not null,
  service_version_id uuid not null,
  contract_version_id uuid not null,
  path text not null check (path in ('userinfo', 'id_token', 'api', 'event', 'export')),
  items text[] not null,
  purposes text[] not null,
  salt bytea not null,                   -- sealed under the resident's key
  canonical text not null,
  leaf_hash bytea not null,
  primary key (at, id)
) partition by range (at);
create index provision_records_by_resident on provision_records (resident_id, at desc);
create index provision_records_by_service on provision_records (service_id, at desc);

-- Statement triggers do not fire for a partition addressed by its own name; row triggers do.
create trigger provision_records_rows_append_only before update or delete on provision_records
  for each row execute function refuse_change();

create function ensure_provision_partition(month date) returns void language plpgsql as $$
declare first date := date_trunc('month', month)::date;
begin
  execute format('create table if not exists %I partition of provision_records for values from (%L) to (%L)',
    'provision_records_' || to_char(first, 'YYYY_MM'), first::timestamp at time zone 'UTC',
    (first + interval '1 month') at time zone 'UTC');
end $$;
select ensure_provision_partition((date '2026-01-01' + make_interval(months => n))::date) from generate_series(0, 36) n;
create table provision_records_other partition of provision_records default;

do $$
declare t text;
begin
  foreach t in array array['showings', 'showing_answers', 'consents', 'provision_records', 'resident_changes'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;
