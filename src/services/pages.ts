/** What the public list of services shows (S-18, S-20, S-34; I-11): pure, from services to a page in one language. */
import { itemNames, purposeNames, type Catalogue } from '../catalogue/model.ts'
import { listView, paged, type Listing, type ListView } from '../http/listing.ts'
import { skeleton } from '../input/spelling.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { publicState, type PublicState, type ServiceItem, type ServiceNow } from './model.ts'

type OfferedItem = { name: string; required: boolean; purposes: string; reason: string }

export type Offered = {
  id: string
  name: string
  provider: string
  description: string
  state: PublicState
  own: boolean
  items: OfferedItem[]
  idKind: string
  retention: string
  contact: { desk: string; phone: string; email: string }
  termsUrl: string
  policyUrl: string
  /** Domain of the provider's pages, beside its legal name (F7). */
  host: string
}

/** How the list can be sorted and narrowed; the first sort is the one at the beginning. */
export const SORTS = ['name', 'company', 'new'] as const
export const FILTERS: readonly PublicState[] = ['open', 'coming', 'paused', 'closed', 'struck']

/** views/services/list.eta */
export type ServicesPage = {
  q: string
  filter: string
  sort: string
  total: number
  asOf: string
  services: Offered[]
  list: ListView
}

type Asked = {
  listing: Listing<(typeof SORTS)[number]>
  language: Language
  at: Date
  /** When each service was registered, by its id. */
  registered: ReadonlyMap<string, Date>
}

/**
 * Services that are registered; those struck off only where they are asked for.
 *
 * @param asked `q`: what was typed into the search box; names, readings, companies and descriptions are looked through
 */
export function listed(
  all: readonly ServiceNow[],
  catalogue: Catalogue,
  asked: Asked,
): ServicesPage {
  const { listing, language, at } = asked
  const { q, filter } = listing
  const open = all.filter((now) => {
    const state = publicState(now, at)
    return state !== undefined && (filter ? state === filter : state !== 'struck')
  })
  const wanted = q
    .split(/[\s\u3000]+/u)
    .map(skeleton)
    .filter(Boolean)
  const found = open.filter((now) =>
    wanted.every((word) => textOf(now).some((text) => text.includes(word))),
  )
  const shown = paged(sorted(found, asked), listing)
  return {
    q,
    filter,
    sort: listing.sort,
    total: open.length,
    asOf: words(language).dateTime(at),
    services: shown.rows.map((now) => offered(now, catalogue, { language, at })),
    list: listView('/services', listing, shown, SORTS),
  }
}

/** By reading in Japanese and by name in English; the newest first where that is asked. */
function sorted(
  found: readonly ServiceNow[],
  { listing: { sort, descending }, language, registered }: Asked,
): ServiceNow[] {
  const { compare } = new Intl.Collator(language)
  const nameOf = ({ version: { names } }: ServiceNow) => (language === 'ja' ? names.kana : names.en)
  const companyOf = ({ member }: ServiceNow) => member.names[language]
  const dayOfEntry = ({ service }: ServiceNow) => registered.get(service.id)?.getTime() ?? 0
  const byName = (a: ServiceNow, b: ServiceNow) =>
    compare(nameOf(a), nameOf(b)) || compare(a.version.names[language], b.version.names[language])
  const order = {
    name: byName,
    company: (a: ServiceNow, b: ServiceNow) => compare(companyOf(a), companyOf(b)) || byName(a, b),
    new: (a: ServiceNow, b: ServiceNow) => dayOfEntry(b) - dayOfEntry(a) || byName(a, b),
  }
  const rows = found.toSorted(order[sort])
  return descending ? rows.toReversed() : rows
}

function textOf({ version, member }: ServiceNow): string[] {
  const { names, descriptions } = version
  const texts = [names.ja, names.en, names.kana, member.names.ja, member.names.en]
  return [...texts, descriptions.ja, descriptions.en].map(skeleton)
}

export function offered(
  now: ServiceNow,
  catalogue: Catalogue,
  { language, at }: { language: Language; at: Date },
): Offered {
  const { service, version, member, contract } = now
  const idKind = messages[language].consents.idKinds[contract.subjectType]
  const { desk, phone, email } = version.contact
  return {
    id: service.id,
    name: version.names[language],
    provider: member.names[language],
    description: version.descriptions[language],
    state: publicState(now, at) ?? 'paused',
    own: service.kind === 'own',
    items: version.items.map((item) => offeredItem(item, contract, catalogue, language)),
    idKind,
    retention: version.retention[language],
    contact: { desk: desk[language], phone, email },
    termsUrl: version.termsUrl,
    policyUrl: version.policyUrl,
    host: new URL(version.policyUrl).hostname,
  }
}

function offeredItem(
  asked: ServiceItem,
  { subjectType }: ServiceNow['contract'],
  { items, purposes }: Catalogue,
  language: Language,
): OfferedItem {
  return {
    name: itemNames(items, asked.item, subjectType)[language],
    required: asked.required,
    purposes: words(language).list(
      asked.purposes.map((id) => purposeNames(purposes, id)[language]),
    ),
    reason: asked.reasons[language],
  }
}
