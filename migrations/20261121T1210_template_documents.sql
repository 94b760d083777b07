-- Texts that change: who was told of a new version, and the answer to new terms of the ID as a whole (D-12, S-26).

-- One row per version that people are told of; `after` is how far the telling has come, in the order of residents.
create table text_tellings (
  template text not null,
  version integer not null,
  after uuid,
  begun_at timestamptz not null,
  finished_at timestamptz,
  primary key (template, version)
);

-- `terms`: the terms of use of the ID as a whole, answered where a new version asks for fresh consent.
alter table resident_terms drop constraint resident_terms_kind_check;
alter table resident_terms add constraint resident_terms_kind_check
  check (kind in ('provision', 'collection', 'terms'));
