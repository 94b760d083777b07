-- Why an operator looked at a person may name that person: it is sealed under their key and goes with it (M8). Plain words
-- stay only where nobody was found, and in rows written before.
alter table operator_views add column reason_sealed bytea;
alter table operator_views alter column reason drop not null;
alter table operator_views add constraint operator_views_one_reason check ((reason is null) <> (reason_sealed is null));
