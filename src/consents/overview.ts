/** What the resident's own pages show, made from rows: cards, one service, withdrawal. */
import { itemNames, purposeNames, type Catalogue } from '../catalogue/model.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Stop } from '../members/actions.ts'
import type { Resident, Terms } from '../residents/model.ts'
import { standing as serviceStanding, type ServiceNow } from '../services/model.ts'
import { limitsOf } from './limits.ts'
import { isAsleep, type AgreedItem as Agreed, type Consent } from './model.ts'
import type { AgreedItem, ProvidedItem, ServiceCard, Status, StopShown, Until } from './pages.ts'
import type { CardRow, Provided } from './queries.ts'
import { faceOf, valueOf } from './screen.ts'

/** What every builder here needs to know. */
export type View = {
  language: Language
  now: Date
  catalogue: Catalogue
  provision: Terms | undefined
  services: ReadonlyMap<string, ServiceNow>
  /** Decisions of the consortium that keep a service from being used (S-51). */
  stops: readonly Stop[]
}

export function statusOf(row: CardRow, view: View): Status {
  const { agreement, consent } = row
  if (agreement.endKind === 'closed') return 'withdrawn'
  if (agreement.endKind === 'withdrawn' || agreement.endKind === 'paused') return agreement.endKind
  if (agreement.endedAt || consent.endsAt <= view.now) return 'expired'
  if (isAsleep(agreement, view.provision)) return 'asleep'
  const service = view.services.get(agreement.serviceId)
  // It went to another company, which gets nothing until that is agreed to (S-59).
  if (service && service.member.id !== consent.memberId) return 'suspended'
  if (service?.member.status === 'excluded') return 'excluded'
  return service && serviceStanding(service, view.now) === 'ok' ? 'in_use' : 'suspended'
}

/** What the consortium decided about the service or company of a consent; the company's decision goes first. */
function stopOf({ serviceId, memberId }: Consent, view: View): Stop | undefined {
  const own = view.stops.filter((stop) => stop.memberId === memberId)
  return (
    own.find((stop) => stop.serviceId === null) ?? own.find((stop) => stop.serviceId === serviceId)
  )
}

/** Why a service is stopped, as its resident reads it; undefined where the consortium stopped nothing. */
export function stopShown(consent: Consent, status: Status, view: View): StopShown | undefined {
  const stop = status === 'suspended' || status === 'excluded' ? stopOf(consent, view) : undefined
  return (
    stop && {
      whole: stop.serviceId === null,
      reason: messages[view.language].stopping.reasons[stop.reason],
      text: stop.forResidents[view.language],
    }
  )
}

export function untilOf(consent: Consent, view: View): Until {
  const w = words(view.language)
  return { date: w.lastDay(consent.endsAt), daysLeft: w.daysLeft(consent.endsAt, view.now) }
}

export function itemLabel(
  id: string,
  consent: Pick<Consent, 'subjectType'> | undefined,
  view: View,
): string {
  return itemNames(view.catalogue.items, id, consent?.subjectType)[view.language]
}

export const labelsOf = (items: readonly Agreed[], consent: Consent, view: View) =>
  items.map(({ item }) => itemLabel(item, consent, view))

export function cardOf(row: CardRow, service: ServiceNow, view: View): ServiceCard {
  const w = words(view.language)
  const status = statusOf(row, view)
  return {
    service: faceOf(service, view.language),
    status,
    items: labelsOf(row.content.items, row.content, view),
    back: status === 'in_use' ? handedOver(service, view) : [],
    agreedOn: w.date(row.answeredAt),
    lastProvided: row.lastProvidedAt ? w.dateTime(row.lastProvidedAt) : undefined,
    until: ['in_use', 'asleep', 'suspended'].includes(status)
      ? untilOf(row.consent, view)
      : undefined,
    stoppedOn: stoppedOn(row, status, view),
    stop: stopShown(row.consent, status, view),
    deletionRequestedOn: row.deletionAskedAt ? w.date(row.deletionAskedAt) : undefined,
  }
}

/** What the service hands over by its contract now: names of datasets, and of items of the catalogue. */
function handedOver({ contract }: ServiceNow, view: View): string[] {
  const open = contract.flows.filter(
    (flow) => flow.giver === 'member' && flow.startsAt <= view.now && view.now < flow.endsAt,
  )
  const items = open.flatMap((flow) => flow.items.map((id) => itemLabel(id, undefined, view)))
  return [...new Set([...open.flatMap((flow) => flow.dataset ?? []), ...items])]
}

export function stoppedOn(row: CardRow, status: Status, view: View): string | undefined {
  const w = words(view.language)
  if (status === 'expired') return w.lastDay(row.consent.endsAt)
  if (status === 'asleep')
    return view.provision && !view.provision.given ? w.date(view.provision.at) : undefined
  if (status === 'suspended' || status === 'excluded') {
    const stop = stopOf(row.consent, view)
    return stop && w.date(stop.effectiveAt)
  }
  return row.agreement.endedAt ? w.date(row.agreement.endedAt) : undefined
}

/** Items of a consent with the value now, whether it changed since, and when each was last provided. */
export function agreedItems(
  content: Consent,
  owner: { resident: Resident; subject: string; changed: readonly string[] },
  provided: readonly Provided[],
  view: View,
): AgreedItem[] {
  const w = words(view.language)
  return content.items.map((agreed) => {
    const last = provided.find((p) => p.item === agreed.item)?.last
    return {
      id: agreed.item,
      label: itemLabel(agreed.item, content, view),
      required: agreed.required,
      purposes: agreed.purposes.map(
        (id) => purposeNames(view.catalogue.purposes, id)[view.language],
      ),
      limits: limitsOf(agreed.bounds, undefined, view.language),
      value: valueOf(agreed.item, owner.resident, view.language, owner.subject),
      former: owner.changed.includes(agreed.item) ? { then: undefined, on: undefined } : undefined,
      lastProvided: last && w.dateTime(last),
    }
  })
}

export function providedItems(
  provided: readonly Provided[],
  consent: Consent,
  view: View,
): ProvidedItem[] {
  const w = words(view.language)
  return view.catalogue.items.flatMap((item) => {
    const found = provided.find((p) => p.item === item.id)
    if (!found) return []
    const [first, last] = [w.date(found.first), w.date(found.last)]
    return [
      {
        label: itemLabel(item.id, consent, view),
        when: first === last ? first : `${first} 〜 ${last}`,
        times: found.times,
      },
    ]
  })
}

export function showingHref(
  serviceId: string,
  showingId: string | null | undefined,
): string | undefined {
  return showingId ? `/account/services/${serviceId}/showings/${showingId}` : undefined
}
