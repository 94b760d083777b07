-- What a company writes with its answer may name the person: it is sealed under their key and goes with it (M8). Plain
-- words stay in rows written before alone; of an answer after the account is erased none are kept.
alter table deletion_answers add column reason_sealed bytea;
do $$
declare c record;
begin
  for c in select conname from pg_constraint where conrelid = 'deletion_answers'::regclass and contype = 'c'
    and pg_get_constraintdef(oid) like '%reason%' loop
    execute format('alter table deletion_answers drop constraint %I', c.conname);
  end loop;
end $$;
alter table deletion_answers add constraint deletion_answers_one_reason
  check ((reason is null or reason_sealed is null) and (outcome <> 'done' or (reason is null and reason_sealed is null)));

-- A request that was granted (APPI 35) asks also for what was withdrawn from before, and once more where a company refused.
alter table deletion_requests add column on_request text;  -- the number of the request; null: with the withdrawal
alter table deletion_requests drop constraint deletion_requests_consent_id_key;
create index deletion_requests_by_consent on deletion_requests (consent_id);
