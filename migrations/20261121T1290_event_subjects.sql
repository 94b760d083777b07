-- Whom a session is known to, and as whom: a company that has the service later never learns of it (S-59), and none is
-- told a name it does not know (D6). Null: written by a node of the release before; told to nobody, and gone in a day.
alter table event_sessions add column member_id uuid references members;
alter table event_sessions add column subject_type text check (subject_type in ('public', 'pairwise'));
update event_sessions e set member_id = c.member_id, subject_type = c.subject_type
  from (select distinct on (resident_id, service_id) resident_id, service_id, member_id, subject_type from consents
    order by resident_id, service_id, agreed_at desc, version desc) c
  where c.resident_id = e.resident_id and c.service_id = e.service_id;

-- A fact that could not be told waits longer each time, and those of its resident with it; nobody else does.
alter table event_facts add column failures integer not null default 0;
alter table event_facts add column next_at timestamptz;
create index event_facts_stuck on event_facts (resident_id) where told_at is null and next_at is not null;
