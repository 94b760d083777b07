-- What staff prepare of a service: its logo, the secret of the exception, and a test side that only test persons meet.

-- Re-encoded by us, known by the hash of what is served; never fetched from anywhere (F8, L7).
create table service_logos (
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  member_id uuid not null references members,
  png bytea not null,
  created_at timestamptz not null,
  primary key (sha256, member_id)
);
create trigger service_logos_append_only before update or delete or truncate on service_logos
  for each statement execute function refuse_change();

-- How long the company keeps one item, where that differs from the whole.
alter table service_items add column retention jsonb;

-- When the secret in force was shown to the company; null: nobody knows it yet (C1).
alter table services add column secret_issued_at timestamptz;

-- The test side of a service: made by the company alone, met by its test persons alone.
alter table services add column side text not null default 'live' check (side in ('live', 'test'));
alter table services add column test_of uuid unique;   -- the service, which may still be a draft without a row
alter table services add constraint services_test_side check ((side = 'test') = (test_of is not null));

-- A made-up person of a company: signs in to that company's test sides and nowhere else.
alter table residents add column test_member_id uuid references members;
create index residents_of_tests on residents (test_member_id) where test_member_id is not null;
