-- 停止と除外 (S-51): a status may turn at a moment that was set, read at use, so that nobody has to act then.

alter table members add column turns_to text
  check (turns_to in ('active', 'approved', 'suspended', 'excluded', 'left'));
alter table members add column turns_at timestamptz;
alter table members add constraint members_turn_is_whole check ((turns_to is null) = (turns_at is null));

alter table services add column turns_to text check (turns_to in ('live', 'suspended', 'ended'));
alter table services add column turns_at timestamptz;
alter table services add constraint services_turn_is_whole check ((turns_to is null) = (turns_at is null));

-- When a suspension was last lifted: nothing issued before it works again, the consents stay (S-51, E2).
alter table members add column returned_at timestamptz;
alter table services add column returned_at timestamptz;

-- The status that counts at a moment. The planner writes it into the statement that asks.
create function status_at(status text, turns_to text, turns_at timestamptz, at timestamptz) returns text
  language sql immutable parallel safe
  as $$ select case when turns_at <= at then turns_to else status end $$;

-- What was decided, by two persons, and what is said about it.
create table stops (
  id uuid primary key,
  proposal_id uuid not null unique references proposals,
  member_id uuid not null references members,
  service_id uuid references services,   -- null: the whole company
  turned_to text not null check (turned_to in ('suspended', 'excluded')),
  was text not null,                     -- the status before, to which a lift leads back
  reason text not null,                  -- code: see members/stopping_model.ts
  for_residents jsonb not null,          -- {ja, en}: shown to residents; en may be null
  for_company text not null,             -- told to the company alone
  effective_at timestamptz not null,
  approved_at timestamptz not null,
  check (turned_to = 'suspended' or service_id is null)
);
create index stops_by_member on stops (member_id, approved_at desc);

-- The way back: a suspension that was lifted, or called off before its moment.
create table stop_ends (
  stop_id uuid primary key references stops,
  proposal_id uuid not null unique references proposals,
  ended_at timestamptz not null
);

-- Whom a stop or its end still has to be told to.
create table stop_tellings (
  stop_id uuid not null references stops,
  what text not null check (what in ('stop', 'lift')),
  due_at timestamptz not null,
  done_at timestamptz,
  primary key (stop_id, what)
);
create index stop_tellings_due on stop_tellings (due_at) where done_at is null;

-- Who was told: one mail per resident, however often the job runs.
create table stop_notices (
  stop_id uuid not null references stops,
  what text not null check (what in ('stop', 'lift')),
  resident_id uuid not null references residents,
  at timestamptz not null,
  primary key (stop_id, what, resident_id)
);

do $$
declare t text;
begin
  foreach t in array array['stops', 'stop_ends', 'stop_notices'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;
