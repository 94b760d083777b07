-- Programs of member companies: they do by /api/v1 what the staff do by the portal.

create table api_clients (
  id uuid primary key,
  member_id uuid not null references members,
  client_id text not null unique,
  name text not null,
  jwks jsonb not null,                   -- public keys alone (C5)
  scopes text[] not null,
  dpop boolean not null,                 -- whether tokens must be bound to a key of the caller (RFC 9449, D5)
  created_by uuid not null references staff,
  created_at timestamptz not null,
  ended_at timestamptz,
  ended_by uuid references staff
);
create index api_clients_by_member on api_clients (member_id);

alter table oidc_tokens drop constraint oidc_tokens_kind_check;
alter table oidc_tokens add constraint oidc_tokens_kind_check
  check (kind in ('AccessToken', 'RefreshToken', 'AuthorizationCode', 'ClientCredentials'));
