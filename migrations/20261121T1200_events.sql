-- Events to services (RFC 8417): what happened is written down in the transaction in which it happens, and told later.

-- The outbox: no fact without its transaction, no transaction without its fact. No values, only what happened to whom.
create table event_facts (
  seq bigserial primary key,
  id uuid not null unique,
  kind text not null check (kind in ('consent_given', 'consent_changed', 'consent_paused', 'consent_withdrawn',
    'consent_expired', 'provision_stopped', 'item_corrected', 'account_closed', 'session_revoked')),
  resident_id uuid not null references residents,
  service_id uuid references services,   -- null: whichever services it concerns
  ref uuid,                              -- consent version, resident_changes row, or resident_terms row
  session_uid text,                      -- of a session that ended
  at timestamptz not null,
  told_at timestamptz                    -- when its messages were made; null: not yet
);
create index event_facts_untold on event_facts (seq) where told_at is null;
create index event_facts_by_age on event_facts (told_at) where told_at is not null;
create unique index event_facts_expiry on event_facts (ref) where kind = 'consent_expired';

create function note_fact(kind text, resident uuid, service uuid, ref uuid, session text, at timestamptz)
  returns void language sql as $$
  insert into event_facts (id, kind, resident_id, service_id, ref, session_uid, at)
    values (gen_random_uuid(), kind, resident, service, ref, session, at)
$$;

create function consents_to_facts() returns trigger language plpgsql as $$
begin
  perform note_fact('consent_' || new.kind, new.resident_id, new.service_id, new.id, null, new.agreed_at);
  return null;
end $$;
create trigger consents_to_facts after insert on consents for each row execute function consents_to_facts();

-- An item, and the address of sign-in, which is the item `email`; nothing else a resident changes concerns a service.
create function resident_changes_to_facts() returns trigger language plpgsql as $$
begin
  perform note_fact('item_corrected', new.resident_id, null, new.id, null, new.at);
  return null;
end $$;
create trigger resident_changes_to_facts after insert on resident_changes for each row
  when (new.what in ('name', 'birth_year', 'sex', 'address', 'email_address'))
  execute function resident_changes_to_facts();

-- The master switch (S-56), switched off.
create function resident_terms_to_facts() returns trigger language plpgsql as $$
begin
  perform note_fact('provision_stopped', new.resident_id, null, new.id, null, new.at);
  return null;
end $$;
create trigger resident_terms_to_facts after insert on resident_terms for each row
  when (new.kind = 'provision' and not new.given)
  execute function resident_terms_to_facts();

-- Sign-out, a browser ended from the list, a changed or reset password, a lock: each ends sign-ins, and only that.
create function sign_ins_to_facts() returns trigger language plpgsql as $$
begin
  perform note_fact('session_revoked', new.resident_id, null, null, new.session_uid, new.ended_at);
  return null;
end $$;
create trigger sign_ins_to_facts after update of ended_at on sign_ins for each row
  when (old.ended_at is null and new.ended_at is not null)
  execute function sign_ins_to_facts();

-- Erased at the end of a closing; a sign-up that nobody confirmed was never met by any service.
create function residents_to_facts() returns trigger language plpgsql as $$
begin
  perform note_fact('account_closed', new.id, null, null, null, new.closed_at);
  return null;
end $$;
create trigger residents_to_facts after update of closed_at on residents for each row
  when (old.closed_at is null and new.closed_at is not null and new.email_verified_at is not null)
  execute function residents_to_facts();

-- What has run out by itself is noted once, by a job that looks along this.
create index consents_by_end on consents (ends_at);

-- Which services a browser's session signed in to, and under which `sid` each knows it. Gone once that was told.
create table event_sessions (
  session_uid text not null,
  service_id uuid not null references services,
  resident_id uuid not null references residents,
  sid text not null,
  at timestamptz not null,
  primary key (session_uid, service_id)
);
create index event_sessions_by_resident on event_sessions (resident_id);
create index event_sessions_by_age on event_sessions (at);

-- How a service takes its events. No row: pushed to the address in its version, where that has one.
create table event_streams (
  service_id uuid primary key references services,
  delivery text not null check (delivery in ('push', 'poll')),
  status text not null default 'enabled' check (status in ('enabled', 'paused', 'disabled')),
  changed_at timestamptz not null
);

-- One per fact and receiver. The person is named by the sub the service knows.
create table event_messages (
  id uuid primary key,
  seq bigserial not null unique,         -- given by the one sequencer: the order of delivery
  fact_id uuid,                          -- null: not from a fact (a verification event)
  service_id uuid not null references services,
  member_id uuid not null references members,  -- whose service it was then: another company never gets it (S-59)
  resident_id uuid references residents,
  subject text not null,
  channel text not null check (channel in ('push', 'poll', 'logout')),
  type text not null,
  jti text not null unique,
  sid text,
  set text,                              -- signed once; null: a logout token, which lives two minutes and is signed at sending
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
  attempts integer not null default 0,
  created_at timestamptz not null,
  tries_from timestamptz not null,       -- 24 hours from here it is dead
  next_at timestamptz not null,
  leased_until timestamptz,              -- a worker is at it; past: it died
  delivered_at timestamptz,
  settled_at timestamptz,                -- delivered or dead
  last_error text,
  unique (fact_id, service_id, channel),
  check ((channel = 'logout') = (set is null)),
  check ((state = 'delivered') = (delivered_at is not null))
);
create index event_messages_waiting on event_messages (service_id, channel, subject, seq) where state = 'waiting';
create index event_messages_oldest on event_messages (service_id, channel, seq) where state = 'waiting';
create index event_messages_of on event_messages (resident_id, service_id, seq desc);
create index event_messages_by_service on event_messages (service_id, seq desc);
create index event_messages_dead on event_messages (settled_at) where state = 'dead';
create index event_messages_settled on event_messages (settled_at) where state <> 'waiting';

-- A receiver that fails is tried by one message at a time, at growing distances, whatever number waits for it.
create table event_receivers (
  service_id uuid not null references services,
  channel text not null check (channel in ('push', 'logout')),
  failures integer not null,
  next_at timestamptz not null,
  failing_since timestamptz not null,
  last_error text not null,
  primary key (service_id, channel)
);
