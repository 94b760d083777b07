-- Consents that the consortium ended because the resident asked it to (利用停止・提供停止): who turned them, and on which
-- request. Rows from before keep what they say; their canonical text has neither member.
alter table consents drop constraint consents_acted_by_check;
alter table consents add constraint consents_acted_by_check check (acted_by in ('service', 'operator'));
alter table consents add column on_request text;
alter table consents add constraint consents_on_request_check
  check ((acted_by is not distinct from 'operator') = (on_request is not null));
