-- 利用者: accounts. Values live encrypted under a key per resident, so that erasing the key erases them (M8).

create table residents (
  id uuid primary key,
  user_id text not null unique,          -- the shared user ID (OIDC sub)
  email_index bytea unique,              -- HMAC-SHA-256 of the normalised address, once it is confirmed
  pending_index bytea,                   -- the same until then: sign-ups of one address wait side by side
  email_verified_at timestamptz,
  password_hash text,                    -- argon2id, peppered
  data_key bytea,                        -- AES-256-GCM, wrapped by the installation's key
  profile bytea,                         -- sealed JSON: see residents/model.ts
  language text not null check (language in ('ja', 'en')),  -- of mails; of pages once chosen
  language_chosen boolean not null default false,
  created_at timestamptz not null,
  closed_at timestamptz
);
create index residents_pending on residents (pending_index) where pending_index is not null;
create index residents_unverified on residents (created_at)
  where email_verified_at is null and closed_at is null;

-- Sign-up consents of S-56: to provision (S-07) and to collection (S-08). The newest row of a kind counts.
create table resident_terms (
  id uuid primary key,
  resident_id uuid not null references residents,
  kind text not null check (kind in ('provision', 'collection')),
  given boolean not null,
  template text not null,
  template_version integer not null,
  template_hash bytea not null,
  language text not null,
  shown_at timestamptz not null,
  at timestamptz not null,
  salt bytea not null,                   -- sealed under the resident's key
  canonical text not null,
  leaf_hash bytea not null
);
create index resident_terms_newest on resident_terms (resident_id, kind, at desc);
create trigger resident_terms_append_only before update or delete or truncate on resident_terms
  for each statement execute function refuse_change();

-- What the resident changed, without values: the history page's 「変更」.
create table resident_changes (
  id uuid primary key,
  resident_id uuid not null references residents,
  what text not null,                    -- an item id, or password / email_address / session
  at timestamptz not null
);
create index resident_changes_by_resident on resident_changes (resident_id, at desc);

-- Mail links: single use, hashed (H18, H19).
create table mail_links (
  id uuid primary key,
  kind text not null check (kind in ('verify', 'recover', 'change_email', 'undo_email')),
  resident_id uuid not null references residents,
  secret_hash bytea not null unique,
  sealed bytea,                          -- what the link carries (a new address), under the resident's key
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index mail_links_by_resident on mail_links (resident_id, kind);
create index mail_links_by_end on mail_links (expires_at);

-- Signed-in browsers, for the list on /account/security (G6). The session itself is oidc_sessions.
create table sign_ins (
  session_uid text primary key,
  resident_id uuid not null references residents,
  device text not null,                  -- browser and system family only
  signed_in_at timestamptz not null,
  last_seen_at timestamptz not null,
  ended_at timestamptz
);
create index sign_ins_by_resident on sign_ins (resident_id, signed_in_at desc);
create index sign_ins_by_last_seen on sign_ins (last_seen_at);

-- Mails of demo mode, shown at /dev/mail, the newest 200; empty anywhere else.
create table dev_mails (
  id uuid primary key,
  recipient text not null,
  subject text not null,
  body_text text not null,
  body_html text not null,
  at timestamptz not null
);

-- People of the consortium and of member companies; their pages follow with the console.
create table operators (
  id uuid primary key,
  email text not null unique,
  name text not null,
  roles text[] not null,
  password_hash text,
  totp_sealed bytea,
  ends_on date not null,
  created_at timestamptz not null
);
create table staff (
  id uuid primary key,
  member_id uuid not null references members,
  email text not null unique,
  name text not null,
  role text not null check (role in ('manager', 'developer')),
  password_hash text,
  totp_sealed bytea,
  created_at timestamptz not null
);
