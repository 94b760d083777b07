-- Terms of what is not evidence (APPI 22). Requests to which nothing was given are shown beside the records of
-- provision, and go as these do: three years from the end of their month, by themselves, since nobody proves by them.

drop trigger provision_refusals_append_only on provision_refusals;
create trigger provision_refusals_append_only before update or truncate on provision_refusals
  for each statement execute function refuse_change();

create function refusals_gone_before() returns timestamptz language sql stable as $$
  select (date_trunc('month', now() at time zone 'UTC') - interval '3 years') at time zone 'UTC'
$$;

create function refuse_before_term() returns trigger language plpgsql as $$
begin
  if old.at >= refusals_gone_before() then
    raise exception 'the term is not over' using errcode = 'integrity_constraint_violation';
  end if;
  return old;
end $$;
create trigger provision_refusals_term before delete on provision_refusals
  for each row execute function refuse_before_term();
create index provision_refusals_by_age on provision_refusals (at);

-- The product has no right to delete here (database/roles.ts): this is the only way. A hold keeps its months, an open request its person's.
create function sweep_provision_refusals(at_most integer) returns integer
  language plpgsql security definer as $$
declare
  gone integer;
begin
  delete from provision_refusals where id = any(array(
    select p.id from provision_refusals p
    where p.at < refusals_gone_before()
      and not exists (select from retention_holds h
        where date_trunc('month', p.at at time zone 'UTC')::date between h.from_month and h.until_month
          and not exists (select from retention_hold_ends e where e.hold_id = h.id))
      and not exists (select from rights_cases c join rights_standing s on s.case_id = c.id
        where c.resident_id = p.resident_id and s.ended_at is null)
    order by p.at limit at_most for update skip locked));
  get diagnostics gone = row_count;
  return gone;
end $$;

do $$
begin
  execute format('alter function sweep_provision_refusals(integer) set search_path = %I, pg_temp', current_schema());
  revoke execute on function sweep_provision_refusals(integer) from public;
end $$;

-- Notices go three years after they were read; sign-ins of operators and staff a while after they were last seen.
create index resident_notices_by_reading on resident_notices (read_at) where read_at is not null;
create index operator_sessions_by_seen on operator_sessions (seen_at);
create index staff_sessions_by_seen on staff_sessions (seen_at);
