/**
 * Where the entries of the timeline stand, one statement each: id, at, kind, service_id, items, details, and `about`, the
 * items an entry is found by. Every source is read along an index of its resident.
 */
import type { HistoryKind } from './model.ts'

export type Source = {
  kinds: readonly HistoryKind[]
  /** Whether its entries belong to a service; others are left out where one is asked for. */
  ofService: boolean
  sql: string
}

const none = `'{}'::text[]`

/** Whose consent it was, in the versions it names: the company of that day, not the one the service has now (S-59). */
const partyOf = (consent: string) =>
  `jsonb_build_object('member', ${consent}.member_id, 'version', ${consent}.service_version_id, 'id_kind', ${consent}.subject_type)`

/** The same of what names no consent: the newest one before; without any, the company of the service. */
const partyAt = (of: string, at: string) =>
  `coalesce((select ${partyOf('k')} from consents k where k.resident_id = ${of}.resident_id
      and k.service_id = ${of}.service_id and k.agreed_at <= ${at} order by k.agreed_at desc, k.version desc limit 1),
    (select jsonb_build_object('member', o.member_id) from services o where o.id = ${of}.service_id))`

/** Whose screen it was. */
const partyShown = `(select jsonb_build_object('member', m.member_id, 'version', f.offer->>'service_version',
      'id_kind', f.offer->>'subject_type')
    from (select s.canonical::jsonb -> 'offer' as offer) f
    join member_versions m on m.id = (f.offer->>'member_version')::uuid)`

/** Of a report that of the entry it points at: kept with it, or, in cases of before that, by its screen or its consent. */
const partyReported = `(select coalesce(e.told -> 'party',
      (select ${partyShown} from showings s where s.id = (e.told ->> 'showing')::uuid and s.resident_id = c.resident_id),
      (select ${partyOf('b')} from consents b where b.id = (e.told ->> 'consent')::uuid and b.resident_id = c.resident_id),
      ${partyAt('c', `coalesce((e.told ->> 'at')::timestamptz, c.received_at)`)})
    from (select body -> 'evidence' as told from case_steps where case_id = c.id and step = 'received') e)`

const CONSENTS = `select c.id, c.agreed_at as at,
    case c.kind when 'given' then 'consent' when 'changed' then 'change' when 'paused' then 'pause' else 'withdrawal' end as kind,
    c.service_id, array(select i->>'item' from jsonb_array_elements(c.items) i) as items,
    array(select i->>'item' from jsonb_array_elements(c.items) i) || c.declined as about,
    jsonb_build_object('ends_at', c.ends_at, 'showing', case when c.shown_at is null then null else c.showing_id end,
      'deletion', c.deletion_requested, 'declined', c.declined, 'acted_by', c.acted_by,
      'number', c.on_request, 'party', ${partyOf('c')}) as details
  from consents c where c.resident_id = :residentId`

const PROVISIONS = `select p.id, p.at, 'provision' as kind, p.service_id, p.items,
    p.items || array(select jsonb_object_keys(p.withheld)) as about,
    jsonb_build_object('path', p.path, 'purposes', p.purposes, 'consent', p.consent_id, 'withheld', p.withheld,
      'party', jsonb_build_object('member', p.member_id, 'version', p.service_version_id, 'contract', p.contract_version_id)) as details
  from provision_records p where p.resident_id = :residentId`

const DENIALS = `select r.id, r.at, 'denial' as kind, r.service_id, ${none} as items, ${none} as about,
    jsonb_build_object('why', r.why, 'party', ${partyAt('r', 'r.at')}) as details
  from provision_refusals r where r.resident_id = :residentId`

const offered = `array(select i->>'item' from jsonb_array_elements(s.canonical::jsonb -> 'offer' -> 'items') i)`

const REFUSALS = `select s.id, a.at, 'refusal' as kind, s.service_id, ${none} as items, ${offered} as about,
    jsonb_build_object('showing', s.id, 'party', ${partyShown}) as details
  from showings s join showing_answers a on a.showing_id = s.id
  where s.resident_id = :residentId and a.decision = 'refuse'`

/** Of one request the last screen: nobody answered it, nor another of the same request. */
const UNANSWERED = `select s.id, s.shown_at as at, 'unanswered' as kind, s.service_id, ${none} as items, ${offered} as about,
    jsonb_build_object('showing', s.id, 'party', ${partyShown}) as details
  from showings s
  where s.resident_id = :residentId and s.interaction_uid is not null and s.shown_at <= :leftBefore
    and not exists (select from showings o left join showing_answers a on a.showing_id = o.id
      where o.interaction_uid = s.interaction_uid and o.resident_id = s.resident_id
        and (a.at is not null or (o.shown_at, o.id) > (s.shown_at, s.id)))`

const EXPIRIES = `select g.id, n.ends_at as at, 'expiry' as kind, g.service_id, ${none} as items, ${none} as about,
    jsonb_build_object('party', ${partyOf('n')}) as details
  from agreements g
  join lateral (select * from consents c where c.agreement_id = g.id order by version desc limit 1) n on true
  where g.resident_id = :residentId and n.ends_at <= :now and (g.ended_at is null or g.end_kind = 'expired')`

const DELETIONS_OVERDUE = `select q.id, q.due_at as at, 'deletion' as kind, q.service_id, array['overdue'] as items,
    ${none} as about, jsonb_build_object('party', ${partyOf('k')}) as details
  from deletion_requests q join consents k on k.id = q.consent_id left join deletion_answers w on w.request_id = q.id
  where q.resident_id = :residentId and q.due_at <= :now and (w.answered_at is null or w.answered_at > q.due_at)`

const DELETIONS_ANSWERED = `select md5(q.id || 'answered')::uuid as id, w.answered_at as at, 'deletion' as kind, q.service_id,
    array[w.outcome] as items, ${none} as about, jsonb_build_object('party', ${partyOf('k')}) as details
  from deletion_requests q join consents k on k.id = q.consent_id join deletion_answers w on w.request_id = q.id where q.resident_id = :residentId`

/** Asked by a granted request, after the withdrawal; what is asked with one is told with it. */
const DELETIONS_ASKED = `select md5(q.id || 'asked')::uuid as id, q.asked_at as at, 'deletion' as kind, q.service_id,
    array['asked'] as items, ${none} as about, jsonb_build_object('number', q.on_request, 'party', ${partyOf('k')}) as details
  from deletion_requests q join consents k on k.id = q.consent_id
  where q.resident_id = :residentId and q.on_request is not null`

/** Agreements with the company that were in force when the consortium's decision about it took effect. */
const CONCERNED = `select distinct on (a.service_id, t.id) a.service_id, t.id as stop_id, ${partyOf('k')} as party
  from agreements a
  join lateral (select * from consents c where c.agreement_id = a.id order by version desc limit 1) k on true
  join stops t on t.member_id = k.member_id and (t.service_id is null or t.service_id = a.service_id)
    and t.effective_at <= :now and a.started_at <= t.effective_at and (a.ended_at is null or a.ended_at > t.effective_at)
  where a.resident_id = :residentId`

const STOPS = `select md5(t.id || 'stop' || x.service_id)::uuid as id, t.effective_at as at, 'stop' as kind, x.service_id,
    ${none} as items, ${none} as about, jsonb_build_object('reason', t.reason, 'excluded', t.turned_to = 'excluded',
      'whole', t.service_id is null, 'said', t.for_residents, 'party', x.party) as details
  from (${CONCERNED}) x join stops t on t.id = x.stop_id left join stop_ends e on e.stop_id = t.id
  where e.ended_at is null or e.ended_at > t.effective_at`

const LIFTS = `select md5(t.id || 'lift' || x.service_id)::uuid as id, e.ended_at as at, 'stop' as kind, x.service_id,
    ${none} as items, ${none} as about, jsonb_build_object('lifted', true, 'whole', t.service_id is null,
      'party', x.party) as details
  from (${CONCERNED}) x join stops t on t.id = x.stop_id join stop_ends e on e.stop_id = t.id
  where e.ended_at > t.effective_at and e.ended_at <= :now`

const TERMS = `select t.id, t.at, 'terms' as kind, null::uuid as service_id, array[t.kind] as items, ${none} as about,
    jsonb_build_object('given', t.given) as details
  from resident_terms t where t.resident_id = :residentId`

const CHANGES = `select h.id, h.at,
    case when h.what in ('name', 'birth_year', 'sex', 'email', 'address') then 'profile' else 'account' end as kind,
    null::uuid as service_id, array[case h.what when 'session' then 'signed_out' else h.what end] as items,
    array[h.what] as about, '{}'::jsonb as details
  from resident_changes h where h.resident_id = :residentId`

const CREATED = `select r.id, r.created_at as at, 'account' as kind, null::uuid as service_id, array['created'] as items,
    ${none} as about, '{}'::jsonb as details
  from residents r where r.id = :residentId`

const VERIFIED = `select md5(r.id || 'verified')::uuid as id, r.email_verified_at as at, 'account' as kind,
    null::uuid as service_id, array['verified'] as items, ${none} as about, '{}'::jsonb as details
  from residents r where r.id = :residentId and r.email_verified_at is not null`

const VIEWS = `select e.id, e.at, 'view' as kind, null::uuid as service_id, ${none} as items, ${none} as about,
    '{}'::jsonb as details
  from audit_events e
  where e.object_id = :residentText and e.object_kind = 'resident' and e.actor_kind in ('operator', 'staff')`

const LETTERS = `select l.id, l.at, 'notice' as kind, null::uuid as service_id, ${none} as items, ${none} as about,
    '{}'::jsonb as details
  from incident_letters l where l.resident_id = :residentId and l.outcome = 'posted'`

const REQUESTS = `select t.id, t.at, 'request' as kind, c.service_id, ${none} as items, c.items as about,
    jsonb_build_object('case', c.id, 'number', c.number, 'of', c.kind, 'outcome', t.step,
      'party', case when c.kind = 'report' then ${partyReported} else ${partyAt('c', 'c.received_at')} end) as details
  from rights_cases c join case_steps t on t.case_id = c.id
  where c.resident_id = :residentId and t.step in ('received', 'answered', 'extended', 'withdrawn', 'closed', 'appealed')`

export const SOURCES: readonly Source[] = [
  { kinds: ['consent', 'change', 'pause', 'withdrawal'], ofService: true, sql: CONSENTS },
  { kinds: ['provision'], ofService: true, sql: PROVISIONS },
  { kinds: ['denial'], ofService: true, sql: DENIALS },
  { kinds: ['refusal'], ofService: true, sql: REFUSALS },
  { kinds: ['unanswered'], ofService: true, sql: UNANSWERED },
  { kinds: ['expiry'], ofService: true, sql: EXPIRIES },
  { kinds: ['deletion'], ofService: true, sql: DELETIONS_ASKED },
  { kinds: ['deletion'], ofService: true, sql: DELETIONS_OVERDUE },
  { kinds: ['deletion'], ofService: true, sql: DELETIONS_ANSWERED },
  { kinds: ['stop'], ofService: true, sql: STOPS },
  { kinds: ['stop'], ofService: true, sql: LIFTS },
  { kinds: ['terms'], ofService: false, sql: TERMS },
  { kinds: ['profile', 'account'], ofService: false, sql: CHANGES },
  { kinds: ['account'], ofService: false, sql: CREATED },
  { kinds: ['account'], ofService: false, sql: VERIFIED },
  { kinds: ['view'], ofService: false, sql: VIEWS },
  { kinds: ['notice'], ofService: false, sql: LETTERS },
  { kinds: ['request'], ofService: true, sql: REQUESTS },
]
