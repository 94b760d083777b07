-- The ledger: every row of evidence becomes a leaf of a Merkle tree whose state is signed and published.
-- `provisions`: consents, sign-up terms, provision records. `audit`: what people of consortium and companies did.

create table ledger_pending (
  seq bigserial primary key,
  tree text not null,
  source text not null,
  entry_id uuid not null,
  leaf_hash bytea not null
);
create index ledger_pending_by_tree on ledger_pending (tree, seq);

create table ledger_leaves (
  tree text not null,
  index bigint not null check (index >= 0),
  source text not null,
  entry_id uuid not null,
  leaf_hash bytea not null check (length(leaf_hash) = 32),
  primary key (tree, index),
  unique (tree, entry_id)
);

-- Hashes of perfect subtrees of 256^level leaves: one row per whole tile below.
create table ledger_nodes (
  tree text not null,
  level smallint not null check (level > 0),
  n bigint not null,
  hash bytea not null,
  primary key (tree, level, n)
);

create table ledger_checkpoints (
  tree text not null,
  size bigint not null,
  root bytea not null,
  at timestamptz not null,
  note text not null,                    -- C2SP signed note
  jws text not null,                     -- the same for readers of JOSE
  primary key (tree, size)
);

-- In the transaction of the entry itself: what is committed will be in the tree.
create function ledger_note() returns trigger language plpgsql as $$
begin
  insert into ledger_pending (tree, source, entry_id, leaf_hash) values (tg_argv[0], tg_argv[1], new.id, new.leaf_hash);
  return null;
end $$;

insert into ledger_pending (tree, source, entry_id, leaf_hash)
  select 'provisions', source, id, leaf_hash from (
    select 'terms' as source, id, leaf_hash, at from resident_terms
    union all select 'consents', id, leaf_hash, agreed_at from consents
    union all select 'provisions', id, leaf_hash, at from provision_records) entries
  order by at, id;
insert into ledger_pending (tree, source, entry_id, leaf_hash)
  select 'audit', 'audit', id, leaf_hash from audit_events order by at, id;

create trigger resident_terms_to_ledger after insert on resident_terms
  for each row execute function ledger_note('provisions', 'terms');
create trigger consents_to_ledger after insert on consents
  for each row execute function ledger_note('provisions', 'consents');
create trigger provision_records_to_ledger after insert on provision_records
  for each row execute function ledger_note('provisions', 'provisions');
create trigger audit_events_to_ledger after insert on audit_events
  for each row execute function ledger_note('audit', 'audit');

do $$
declare t text;
begin
  foreach t in array array['ledger_leaves', 'ledger_nodes', 'ledger_checkpoints'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;
