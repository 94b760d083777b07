-- 通知: notices on the resident's pages, browsers they signed in with, what is written to them at its time.

-- お知らせ. `values` holds ids, names of services and dates, never personal data; the words are in the locales.
create table resident_notices (
  id uuid primary key,
  resident_id uuid not null references residents,
  kind text not null,                    -- a key of notices.posts in src/locales
  must_read boolean not null,
  "values" jsonb not null,
  link text check (link ~ '^/[^/\\]'),   -- a page of ours where it goes on
  once text,                             -- of what is posted once, however often the job runs
  posted_at timestamptz not null,
  read_at timestamptz
);
create index resident_notices_by_resident on resident_notices (resident_id, posted_at desc, id);
create index resident_notices_unread on resident_notices (resident_id) where read_at is null;
create unique index resident_notices_once on resident_notices (resident_id, once) where once is not null;

-- Letters a resident may switch off; no row: both are wanted. Letters on safety have no switch.
create table notice_settings (
  resident_id uuid primary key references residents,
  digest boolean not null,
  reminder boolean not null,
  at timestamptz not null
);

-- Browsers a resident signed in with: a random token is in the browser, its SHA-256 here, 13 months at most.
create table known_devices (
  resident_id uuid not null references residents,
  token_hash bytea not null,
  seen_at timestamptz not null,
  primary key (resident_id, token_hash)
);
create index known_devices_by_token on known_devices (token_hash);
create index known_devices_by_seen on known_devices (seen_at);

-- The first sign-in after sign-up is from no "new device"; nor is the first one after this table came.
alter table residents add column has_signed_in boolean not null default false;

alter table mail_links drop constraint mail_links_kind_check;
alter table mail_links add constraint mail_links_kind_check
  check (kind in ('verify', 'recover', 'change_email', 'undo_email', 'not_me'));

-- When the next yearly letter is due, for whoever ever agreed to a service.
create table consent_digests (
  resident_id uuid primary key references residents,
  due_at timestamptz not null
);
create index consent_digests_due on consent_digests (due_at);

-- When to look again whether a consent in force goes unused.
create table consent_reminders (
  agreement_id uuid primary key references agreements,
  resident_id uuid not null references residents,
  due_at timestamptz not null
);
create index consent_reminders_due on consent_reminders (due_at);
create index consent_reminders_by_resident on consent_reminders (resident_id);

insert into consent_digests (resident_id, due_at)
  select c.resident_id, min(c.agreed_at) + interval '365 days' from consents c
  join residents r on r.id = c.resident_id and r.closed_at is null
  group by c.resident_id;
insert into consent_reminders (agreement_id, resident_id, due_at)
  select a.id, a.resident_id, a.started_at + interval '183 days' from agreements a
  join residents r on r.id = a.resident_id and r.closed_at is null
  where a.ended_at is null;

-- What a mail carried beside its text, as /dev/mail shows it.
alter table dev_mails add column attachments jsonb not null default '[]';
