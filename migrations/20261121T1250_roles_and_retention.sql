-- Who may do what (M4): the application owns nothing. What only the owner can do, it does by these functions.

-- Writes to ledger_pending by the owner's hand: an entry gets there by its trigger and no other way.
alter function ledger_note() security definer;

-- The next places of a tree, for what is committed. Null: another one is at it.
create function ledger_place(of_tree text, at_most integer) returns integer
  language plpgsql security definer as $$
declare
  first bigint;
  placed integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('ledger ' || of_tree, 0)) then
    return null;
  end if;
  select coalesce(max(index) + 1, 0) into first from ledger_leaves where tree = of_tree;
  with taken as (
    delete from ledger_pending where seq in
      (select seq from ledger_pending where tree = of_tree order by seq limit at_most)
    returning seq, source, entry_id, leaf_hash)
  insert into ledger_leaves (tree, index, source, entry_id, leaf_hash)
    select of_tree, first - 1 + row_number() over (order by seq), source, entry_id, leaf_hash from taken;
  get diagnostics placed = row_count;
  return placed;
end $$;

-- The only DDL of the running product.
alter function ensure_provision_partition(date) security definer;

-- 保存期間 (E-06, M9): a month of provision records goes once its term is over, two persons approved it, and the ledger
-- says so in a signed entry. The hashes of what went stay where they are, so that the ledger still verifies.

create table retention_closures (
  id uuid primary key,
  proposal_id uuid not null unique references proposals,
  month date not null unique,
  from_at timestamptz not null,
  until_at timestamptz not null,
  entries bigint not null check (entries > 0),
  first_index bigint not null,           -- in the tree: the records of the month are the leaves of provisions
  last_index bigint not null,            -- from first to last, without these others
  others bigint[] not null,
  root bytea not null,                   -- RFC 9162 over the leaf hashes of the month, in the order of their index
  approval_hash bytea not null,          -- of the revision that was approved
  at timestamptz not null,
  canonical text not null,
  leaf_hash bytea not null,
  signature bytea not null               -- Ed25519 of the ledger's key over the entry
);
create trigger retention_closures_to_ledger after insert on retention_closures
  for each row execute function ledger_note('provisions', 'closures');

-- Written by drop_closed_month alone, in the transaction in which the month goes.
create table retention_drops (
  closure_id uuid primary key references retention_closures,
  entries bigint not null,
  at timestamptz not null
);

-- 保存の停止: what must stay although its term is over, because somebody needs it as evidence.
create table retention_holds (
  id uuid primary key,
  from_month date not null,
  until_month date not null,
  reason text not null,
  set_by uuid not null references operators,
  at timestamptz not null,
  check (from_month <= until_month)
);
create table retention_hold_ends (
  hold_id uuid primary key references retention_holds,
  ended_by uuid not null references operators,
  at timestamptz not null
);

do $$
declare t text;
begin
  foreach t in array array['retention_closures', 'retention_drops', 'retention_holds', 'retention_hold_ends'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;

-- Drops a month whose end the ledger has signed. It trusts its caller in nothing: approval, entry, signature of the
-- tree, term, holds and count are looked at here. False: it was gone already.
create function drop_closed_month(closure uuid) returns boolean language plpgsql security definer as $$
declare
  c retention_closures;
  part text;
  rows_there bigint := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('retention', 0));
  select * into c from retention_closures where id = closure;
  if not found then
    raise exception 'no such closure' using errcode = 'no_data_found';
  end if;
  if exists (select from retention_drops where closure_id = c.id) then
    return false;
  end if;
  if not exists (
    select from proposals p
    join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision
    join proposal_turns one on one.proposal_id = p.id and one.turn = 'proposed' and one.body_hash = r.body_hash
    join proposal_turns two on two.proposal_id = p.id and two.turn = 'approved' and two.body_hash = r.body_hash
    where p.id = c.proposal_id and p.kind = 'retention' and p.state = 'approved' and r.body_hash = c.approval_hash
      and r.body_hash = sha256(convert_to(r.canonical, 'UTF8')) and r.body ->> 'month' = to_char(c.month, 'YYYY-MM')
      and one.by_id <> two.by_id and not one.by_marks && two.by_marks) then
    raise exception 'not approved by two persons' using errcode = 'insufficient_privilege';
  end if;
  if not exists (
    select from ledger_leaves l
    join ledger_checkpoints s on s.tree = l.tree and s.size > l.index
    where l.tree = 'provisions' and l.entry_id = c.id and l.leaf_hash = c.leaf_hash
      and l.leaf_hash = sha256('\x00'::bytea || convert_to(c.canonical, 'UTF8'))) then
    raise exception 'the ledger has not signed it' using errcode = 'object_not_in_prerequisite_state';
  end if;
  if c.from_at <> c.month::timestamp at time zone 'UTC'
    or c.until_at <> (c.month + interval '1 month') at time zone 'UTC'
    or c.until_at + interval '3 years' > now() then
    raise exception 'the term is not over' using errcode = 'insufficient_privilege';
  end if;
  if exists (select from retention_holds h where c.month between h.from_month and h.until_month
      and not exists (select from retention_hold_ends e where e.hold_id = h.id)) then
    raise exception 'the month is held' using errcode = 'object_in_use';
  end if;
  part := 'provision_records_' || to_char(c.month, 'YYYY_MM');
  if not exists (select from pg_inherits where inhparent = 'provision_records'::regclass
      and inhrelid = to_regclass(part)) then
    raise exception 'there is no such month' using errcode = 'undefined_table';
  end if;
  execute format('lock table provision_records, %I in access exclusive mode', part);
  execute format('select count(*) from %I', part) into rows_there;
  if rows_there <> c.entries then
    raise exception 'the month holds % records, not %', rows_there, c.entries using errcode = 'data_exception';
  end if;
  execute format('alter table provision_records detach partition %I', part);
  execute format('drop table %I', part);
  insert into retention_drops (closure_id, entries, at) values (c.id, rows_there, now());
  return true;
end $$;

-- A function of the owner finds the owner's tables, whatever its caller set.
do $$
declare f text;
begin
  foreach f in array array['ledger_note()', 'ledger_place(text, integer)', 'ensure_provision_partition(date)',
    'drop_closed_month(uuid)'] loop
    execute format('alter function %s set search_path = %I, pg_temp', f, current_schema());
    execute format('revoke execute on function %s from public', f);
  end loop;
  -- Who waits for the table of all releases gives up soon: releases queue up behind.
  alter function drop_closed_month(uuid) set lock_timeout = '500ms';
end $$;
