-- Installation, secrets, audit: the ground every room stands on.

create table installation (
  singleton boolean primary key default true check (singleton),
  demo boolean not null,
  created_at timestamptz not null
);

-- Private keys and secrets, AES-256-GCM under KEY_ENCRYPTION_KEY, row id as additional data (M1).
create table secrets (
  id text primary key,
  purpose text not null,
  sealed bytea not null,
  public_jwk jsonb,
  created_at timestamptz not null,
  retired_at timestamptz
);
create unique index secrets_one_in_force on secrets (purpose) where retired_at is null;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'table % is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

-- Who did what (M6, J10). Details hold ids, never personal data.
create table audit_events (
  id uuid primary key,
  at timestamptz not null,
  actor_kind text not null check (actor_kind in ('resident', 'operator', 'staff', 'service', 'system', 'anonymous')),
  actor_id text,
  act text not null,
  object_kind text,
  object_id text,
  details jsonb not null,
  salt bytea not null,
  canonical text not null,
  leaf_hash bytea not null
);
create index audit_events_by_actor on audit_events (actor_id, at desc);
create index audit_events_by_object on audit_events (object_id, at desc);
create trigger audit_events_append_only before update or delete or truncate on audit_events
  for each statement execute function refuse_change();

-- Counters of rate-limiter-flexible; keys are keyed hashes (H3, H5).
create table rate_limits (
  key varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);
create index rate_limits_by_expiry on rate_limits (expire);

-- Published texts: a version's hash never changes (D-12, S-26).
create table template_versions (
  template text not null,
  version integer not null,
  language text not null check (language in ('ja', 'en')),
  sha256 bytea not null,
  effective_on date not null,
  first_seen_at timestamptz not null,
  primary key (template, version, language)
);
create trigger template_versions_append_only before update or delete or truncate on template_versions
  for each statement execute function refuse_change();
