-- How operators and staff prove who they are (H13–H18), and what becomes of operators' rights (J5, J7).

alter table operators add column totp_last_step bigint;  -- RFC 6238 §5.2: each step counts once
alter table staff add column totp_last_step bigint;

create table passkeys (
  id uuid primary key,
  area text not null check (area in ('operator', 'staff')),
  holder_id uuid not null,
  credential_id text not null unique,    -- base64url; WebAuthn 3 §7.1 step 26
  public_key bytea not null,             -- COSE
  counter bigint not null,
  transports text[] not null,
  name text not null,
  created_at timestamptz not null,
  used_at timestamptz,
  ended_at timestamptz
);
create index passkeys_by_holder on passkeys (area, holder_id);

-- A password was right and the code is still to come (H17): without such a row there is no second step.
create table sign_in_steps (
  id_hash bytea primary key,             -- SHA-256 of the cookie's value
  area text not null check (area in ('operator', 'staff')),
  holder_id uuid not null,
  tries integer not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index sign_in_steps_by_end on sign_in_steps (expires_at);

-- Challenges carry their own proof (HMAC) and leave a row only when they were used, so that each counts once (H14, G14).
create table used_challenges (
  challenge_hash bytea primary key,
  expires_at timestamptz not null
);
create index used_challenges_by_end on used_challenges (expires_at);

create table invitations (
  id uuid primary key,
  area text not null check (area in ('operator', 'staff')),
  holder_id uuid not null,
  secret_hash bytea not null unique,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  ended_at timestamptz                   -- a newer one took its place
);
create index invitations_by_holder on invitations (area, holder_id);

-- A role for a time, beside the lasting ones, with the reason it was given (P-10).
create table operator_boxed_roles (
  id uuid primary key,
  operator_id uuid not null references operators,
  role text not null,
  ends_on date not null,                 -- last day, Asia/Tokyo
  reason text not null,
  proposal_id uuid not null references proposals,
  created_at timestamptz not null,
  ended_at timestamptz
);
create index operator_boxed_roles_by_operator on operator_boxed_roles (operator_id);

-- What became of an operator's rights: appointed, changed, boxed, renewed, ended.
create table operator_changes (
  id uuid primary key,
  operator_id uuid not null references operators,
  change text not null check (change in ('appointed', 'rights', 'boxed', 'renewed', 'ended')),
  before jsonb,
  after jsonb,
  reason text,
  by_id text not null,                   -- operator id, or 'system'
  proposal_id uuid references proposals,
  at timestamptz not null
);
create index operator_changes_by_operator on operator_changes (operator_id, at);

-- Who looked at which person, and why (J10). The reason is the operator's own words and stays out of the audit record.
create table operator_views (
  id uuid primary key,
  operator_id uuid not null references operators,
  object_kind text not null,
  object_id text not null,
  reason text not null,
  at timestamptz not null
);
create index operator_views_by_object on operator_views (object_kind, object_id, at desc);
create index operator_views_by_operator on operator_views (operator_id, at desc);

-- Who was told that the last day comes near: once per day-mark and end date (J5).
create table operator_warnings (
  operator_id uuid not null references operators,
  ends_on date not null,
  days integer not null,
  at timestamptz not null,
  primary key (operator_id, ends_on, days)
);

do $$
declare t text;
begin
  foreach t in array array['operator_changes', 'operator_views'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;
