-- What the product may not say of the ledger (M4), whoever runs in it. These are cheap looks at what the owner knows by
-- itself: no signature, root or approval is proven here. Somebody with the product's role and no key can still write an
-- approval nobody gave, an entry signed by another key and a state with a false signature, and have a month dropped whose
-- term is over. `npm run ledger:verify` finds that afterwards (test/ledger/outside.test.ts); nothing here prevents it.

-- How many leaves a tree has.
create function ledger_size(of_tree text) returns bigint language sql stable as $$
  select coalesce(max(index) + 1, 0) from ledger_leaves where tree = of_tree
$$;

-- A state of more leaves than there are would end all signing: every later one would seem to be old.
create function check_checkpoint() returns trigger language plpgsql security definer as $$
begin
  if new.size is null or new.size <= coalesce((select max(size) from ledger_checkpoints where tree = new.tree), 0)
    or new.size > ledger_size(new.tree) then
    raise exception 'the ledger % has no new state of % leaves', new.tree, new.size using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger ledger_checkpoints_fit before insert on ledger_checkpoints
  for each row execute function check_checkpoint();

-- A node of a tile that is not whole yet would stand in the place of the true one for ever.
create function check_node() returns trigger language plpgsql security definer as $$
begin
  if new.n < 0 or new.level > 7 or (new.n + 1::numeric) * 256::numeric ^ new.level > ledger_size(new.tree) then
    raise exception 'the ledger % has no whole tile % at level %', new.tree, new.n, new.level
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger ledger_nodes_fit before insert on ledger_nodes
  for each row execute function check_node();

-- The product makes the partitions of the months to come, and not as many tables as it likes: by the clock of the
-- database from the last month on, three years ahead. The owner may make others.
create or replace function ensure_provision_partition(month date) returns void
  language plpgsql security definer as $$
declare
  first date := date_trunc('month', month)::date;
  this date := date_trunc('month', now() at time zone 'UTC')::date;
begin
  if session_user <> current_user
    and first not between this - interval '1 month' and this + interval '36 months' then
    raise exception 'no partition for % now', to_char(first, 'YYYY-MM') using errcode = 'insufficient_privilege';
  end if;
  execute format('create table if not exists %I partition of provision_records for values from (%L) to (%L)',
    'provision_records_' || to_char(first, 'YYYY_MM'), first::timestamp at time zone 'UTC',
    (first + interval '1 month') at time zone 'UTC');
end $$;

do $$
declare f text;
begin
  foreach f in array array['check_checkpoint()', 'check_node()', 'ensure_provision_partition(date)'] loop
    execute format('alter function %s set search_path = %I, pg_temp', f, current_schema());
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
