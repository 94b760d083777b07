-- 加盟の申込み: how an applicant comes back to it, how staff leave, who was told of a changed name.

create table member_application_links (
  secret_hash bytea primary key,         -- SHA-256 of the secret in the mail (H18, M1)
  proposal_id uuid not null references proposals,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index member_application_links_by_end on member_application_links (expires_at);

alter table staff add column ended_at timestamptz;  -- the company ended it: at once, whatever the last day says (J9)
alter table staff add column created_by text;       -- who invited: a staff or operator id

-- Who was told of which version of a company (S-59): one mail per resident, however often the job runs.
create table member_notices (
  version_id uuid not null references member_versions,
  resident_id uuid not null references residents,
  at timestamptz not null,
  primary key (version_id, resident_id)
);
