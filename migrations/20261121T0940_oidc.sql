-- oidc-provider's short-lived state. Bearer values only as SHA-256 (T4); Grants and Clients are derived, not stored.

create table oidc_sessions (
  id_hash bytea primary key,
  uid text not null,                     -- not unique: resume writes the new row before the old is gone
  account_id text,
  login_ts bigint,
  payload jsonb not null,
  expires_at timestamptz not null,
  saved_at timestamptz not null
) with (fillfactor = 80);
create index oidc_sessions_by_uid on oidc_sessions (uid, saved_at desc);
create index oidc_sessions_by_account on oidc_sessions (account_id);
create index oidc_sessions_by_expiry on oidc_sessions (expires_at);

create table oidc_tokens (
  kind text not null check (kind in ('AccessToken', 'RefreshToken', 'AuthorizationCode')),
  id_hash bytea not null,
  grant_id text,
  client_id text,
  session_uid text,
  payload jsonb not null,
  consumed_at timestamptz,
  expires_at timestamptz not null,
  primary key (kind, id_hash)
);
create index oidc_tokens_by_grant on oidc_tokens (grant_id);
create index oidc_tokens_by_expiry on oidc_tokens (expires_at);

create table oidc_ephemerals (
  kind text not null check (kind in ('Interaction', 'PushedAuthorizationRequest')),
  id_hash bytea not null,
  payload jsonb not null,
  consumed_at timestamptz,
  expires_at timestamptz not null,
  primary key (kind, id_hash)
);
create index oidc_ephemerals_by_expiry on oidc_ephemerals (expires_at);

-- Insert-only: the primary key is the replay check (T2).
create table oidc_replays (
  id_hash bytea primary key,
  expires_at timestamptz not null
);
create index oidc_replays_by_expiry on oidc_replays (expires_at);

-- First to resume an interaction wins (T3).
create table oidc_resumes (
  uid_hash bytea primary key,
  at timestamptz not null
);
create index oidc_resumes_by_age on oidc_resumes (at);
