-- 提供項目・利用目的, 加盟企業, データ利用契約, サービス: all versioned; only onboarding writes them for now.

create table items (
  id text not null,
  version integer not null,
  position integer not null,
  names jsonb not null,        -- {"ja": "...", "en": "..."}
  claims text[] not null,      -- OIDC claim names it releases, as one unit
  scope text not null,
  sensitivity text not null check (sensitivity in ('identifier', 'ordinary', 'contact', 'special')),
  created_at timestamptz not null,
  primary key (id, version)
);

create table purposes (
  id text not null,
  version integer not null,
  position integer not null,
  names jsonb not null,
  created_at timestamptz not null,
  primary key (id, version)
);

create table members (
  id uuid primary key,
  corporate_number text not null unique check (corporate_number ~ '^[0-9]{13}$'),
  status text not null check (status in ('applied', 'approved', 'active', 'suspended', 'excluded', 'left')),
  created_at timestamptz not null
);

create table member_versions (
  id uuid primary key,
  member_id uuid not null references members,
  version integer not null,
  body jsonb not null,         -- names, address, representative, contact: see members/model.ts
  body_hash bytea not null,
  created_at timestamptz not null,
  unique (member_id, version)
);

create table member_status_changes (
  id uuid primary key,
  member_id uuid not null references members,
  status text not null,
  reason text,
  at timestamptz not null
);
create index member_status_changes_by_member on member_status_changes (member_id, at);

create table contracts (
  id uuid primary key,
  member_id uuid not null references members,
  number text not null unique,
  created_at timestamptz not null
);

create table contract_versions (
  id uuid primary key,
  contract_id uuid not null references contracts,
  version integer not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  subject_type text not null check (subject_type in ('public', 'pairwise')),
  offline_access boolean not null,
  body jsonb not null,         -- the fields of S-10: see contracts/model.ts
  body_hash bytea not null,
  created_at timestamptz not null,
  unique (contract_id, version),
  check (starts_at < ends_at)
);

create table contract_flows (
  id uuid primary key,
  contract_version_id uuid not null references contract_versions,
  position integer not null,
  giver text not null check (giver in ('consortium', 'member')),
  receiver text not null check (receiver in ('consortium', 'member')),
  items text[] not null,
  dataset text,
  purposes text[] not null,
  delivery text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  consideration text,
  unique (contract_version_id, position),
  check (giver <> receiver),
  check (starts_at < ends_at)
);

create table services (
  id uuid primary key,
  member_id uuid not null references members,
  contract_id uuid not null references contracts,
  client_id text not null unique,
  kind text not null check (kind in ('third_party', 'own')),
  status text not null check (status in ('draft', 'submitted', 'approved', 'live', 'suspended', 'ended')),
  auth_method text not null check (auth_method in ('private_key_jwt', 'client_secret_basic', 'none')),
  secret_hash bytea,           -- SHA-256 of a 256-bit secret; never the secret (C1, M1)
  jwks jsonb,
  created_at timestamptz not null,
  check ((auth_method = 'client_secret_basic') = (secret_hash is not null)),
  check ((auth_method = 'private_key_jwt') = (jwks is not null))
);
create index services_by_member on services (member_id);

create table service_versions (
  id uuid primary key,
  service_id uuid not null references services,
  version integer not null,
  body jsonb not null,         -- names, descriptions, URLs, contact, client metadata: see services/model.ts
  body_hash bytea not null,
  created_at timestamptz not null,
  unique (service_id, version)
);

create table service_items (
  service_version_id uuid not null references service_versions,
  item text not null,
  item_version integer not null,
  position integer not null,
  purposes text[] not null,
  required boolean not null,
  reasons jsonb not null,      -- why it is needed, per language
  effects jsonb not null,      -- what refusing means, per language (K-13)
  primary key (service_version_id, item),
  foreign key (item, item_version) references items (id, version)
);

create table service_status_changes (
  id uuid primary key,
  service_id uuid not null references services,
  status text not null,
  reason text,
  at timestamptz not null
);
create index service_status_changes_by_service on service_status_changes (service_id, at);

do $$
declare t text;
begin
  foreach t in array array['items', 'purposes', 'member_versions', 'member_status_changes', 'contract_versions',
    'contract_flows', 'service_versions', 'service_items', 'service_status_changes'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      t || '_append_only', t);
  end loop;
end $$;

insert into items (id, version, position, names, claims, scope, sensitivity, created_at) values
  ('user_id', 1, 1, '{"ja": "共通のユーザーID", "en": "Shared user ID"}', '{sub}', 'openid', 'identifier', '2026-11-21T00:00:00Z'),
  ('name', 1, 2, '{"ja": "氏名とフリガナ", "en": "Name and its reading (furigana)"}',
    '{name,family_name,given_name,name#ja-Kana-JP,family_name#ja-Kana-JP,given_name#ja-Kana-JP}', 'name', 'ordinary', '2026-11-21T00:00:00Z'),
  ('birth_year', 1, 3, '{"ja": "生まれた年", "en": "Year of birth"}', '{birthdate}', 'birth_year', 'ordinary', '2026-11-21T00:00:00Z'),
  ('sex', 1, 4, '{"ja": "性別", "en": "Sex"}', '{gender}', 'sex', 'ordinary', '2026-11-21T00:00:00Z'),
  ('email', 1, 5, '{"ja": "メールアドレスと確認の状態", "en": "Email address and whether it is verified"}', '{email,email_verified}', 'email', 'contact', '2026-11-21T00:00:00Z'),
  ('address', 1, 6, '{"ja": "郵便番号・都道府県・市区町村（区まで）", "en": "Postcode, prefecture and municipality (down to the ward)"}', '{address}', 'address', 'ordinary', '2026-11-21T00:00:00Z');

insert into purposes (id, version, position, names, created_at) values
  ('service_delivery', 1, 1, '{"ja": "サービスの提供", "en": "Providing the service"}', '2026-11-21T00:00:00Z'),
  ('service_improvement', 1, 2, '{"ja": "お客様に合ったサービスの提供と改善", "en": "Fitting the service to you and improving it"}', '2026-11-21T00:00:00Z'),
  ('inquiry_response', 1, 3, '{"ja": "お問い合わせへの対応", "en": "Answering your inquiries"}', '2026-11-21T00:00:00Z'),
  ('usage_analysis', 1, 4, '{"ja": "利用状況の調査と分析", "en": "Studying how the service is used"}', '2026-11-21T00:00:00Z'),
  ('city_platform', 1, 5, '{"ja": "都市データ基盤を通じたサービスの向上", "en": "Bettering services through the city data platform"}', '2026-11-21T00:00:00Z'),
  ('contact', 1, 6, '{"ja": "お客様への連絡", "en": "Contacting you"}', '2026-11-21T00:00:00Z');
