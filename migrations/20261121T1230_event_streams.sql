-- Grants ended by the service itself (ADR 18), and how a service takes its events (RFC 8935, RFC 8936).

-- Who turned the consent, where it was not the resident here. Rows before this column were all the resident's: null.
alter table consents add column acted_by text check (acted_by in ('service'));
alter table consents add check (acted_by is null or kind = 'withdrawn');

-- For the page of a service's deliveries: the last that arrived and how many did not, whatever number there was.
create index event_messages_by_state on event_messages (service_id, channel, state, seq desc) where state <> 'waiting';
