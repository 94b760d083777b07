-- Warnings before a contract ends, each once; the two governance phases, versioned like all that decides.

create table contract_warnings (
  contract_id uuid not null references contracts,
  ends_at timestamptz not null,
  days integer not null check (days in (90, 60, 30)),
  mailed boolean not null,               -- false: passed over, because a later one was due already
  at timestamptz not null,
  primary key (contract_id, ends_at, days)
);

-- 自走前/後, 法人化前/後 (S-02, S-39, S-57): the newest version of an axis that was there at a moment counts for it.
create table phase_versions (
  id uuid primary key,
  axis text not null check (axis in ('self_running', 'incorporation')),
  version integer not null,
  switches_at timestamptz,               -- from here on 'after'; null: no date yet, so 'before'
  body jsonb not null,                   -- see contracts/phase_model.ts
  body_hash bytea not null,
  created_at timestamptz not null,
  unique (axis, version)
);

do $$
declare t text;
begin
  foreach t in array array['contract_warnings', 'phase_versions'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;

create index contracts_by_member on contracts (member_id);
