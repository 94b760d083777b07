-- The audit record is read newest first, by act and by kind of actor, and paged by (at, id) (J10, L1).
create index audit_events_by_time on audit_events (at, id);
create index audit_events_by_act on audit_events (act text_pattern_ops, at, id);
create index audit_events_by_actor_kind on audit_events (actor_kind, at, id);
