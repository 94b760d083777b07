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

-- A function of the owner finds the owner's tables, whatever its caller set.
do $$
declare f text;
begin
  foreach f in array array['ledger_note()', 'ledger_place(text, integer)', 'ensure_provision_partition(date)'] loop
    execute format('alter function %s set search_path = %I, pg_temp', f, current_schema());
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
