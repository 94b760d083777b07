-- Evidence that an older node wrote while 20261121T1100 stood between its copy and its triggers: it gets its place now.
-- One statement per tree, so that an entry is seen either as pending or as placed.

insert into ledger_pending (tree, source, entry_id, leaf_hash)
  select 'provisions', source, id, leaf_hash from (
    select 'terms' as source, id, leaf_hash, at from resident_terms
    union all select 'consents', id, leaf_hash, agreed_at from consents
    union all select 'provisions', id, leaf_hash, at from provision_records) entries
  where not exists (select from ledger_leaves l where l.tree = 'provisions' and l.entry_id = entries.id)
    and not exists (select from ledger_pending p where p.tree = 'provisions' and p.entry_id = entries.id)
  order by at, id;

insert into ledger_pending (tree, source, entry_id, leaf_hash)
  select 'audit', 'audit', id, leaf_hash from audit_events e
  where not exists (select from ledger_leaves l where l.tree = 'audit' and l.entry_id = e.id)
    and not exists (select from ledger_pending p where p.tree = 'audit' and p.entry_id = e.id)
  order by at, id;
