/** What the public list of services shows (S-18, S-20, S-34; I-11): pure, from services to a page in one language. */
import type { Catalogue } from '../catalogue/model.ts'
import { skeleton } from '../input/spelling.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { isPublic, standing, type ServiceItem, type ServiceNow } from './model.ts'

type OfferedItem = { name: string; required: boolean; purposes: string; reason: string }

export type Offered = {
  id: string
  name: string
  provider: string
  description: string
  state: 'open' | 'paused' | 'closed'
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

/** views/services/list.eta */
export type ServicesPage = {
  q: string
  total: number
  asOf: string
  services: Offered[]
}

/**
 * @param asked `q`: what was typed into the search box; names, readings, companies and descriptions are looked through
 */
export function listed(
  all: readonly ServiceNow[],
  catalogue: Catalogue,
  asked: { q: string; language: Language; at: Date },
): ServicesPage {
  const { q, language, at } = asked
  const open = all.filter(isPublic)
  const wanted = q
    .split(/[\s\u3000]+/u)
    .map(skeleton)
    .filter(Boolean)
  const found = open.filter((now) =>
    wanted.every((word) => textOf(now).some((text) => text.includes(word))),
  )
  return {
    q,
    total: open.length,
    asOf: words(language).dateTime(at),
    services: found.map((now) => offered(now, catalogue, { language, at })),
  }
}

function textOf({ version, member }: ServiceNow): string[] {
  const { names, descriptions } = version
  const texts = [names.ja, names.en, names.kana, member.names.ja, member.names.en]
  return [...texts, descriptions.ja, descriptions.en].map(skeleton)
}

function offered(
  now: ServiceNow,
  catalogue: Catalogue,
  { language, at }: { language: Language; at: Date },
): Offered {
  const { service, version, member, contract } = now
  const idKind = messages[language].consents.idKinds[contract.subjectType]
  const states = {
    ok: 'open',
    service_not_available: 'paused',
    contract_not_in_force: 'closed',
  } as const
  const { desk, phone, email } = version.contact
  return {
    id: service.id,
    name: version.names[language],
    provider: member.names[language],
    description: version.descriptions[language],
    state: states[standing(now, at)],
    own: service.kind === 'own',
    items: version.items.map((item) => {
      const shown = offeredItem(item, catalogue, language)
      return item.item === 'user_id' ? { ...shown, name: idKind } : shown
    }),
    idKind,
    retention: version.retention[language],
    contact: { desk: desk[language], phone, email },
    termsUrl: version.termsUrl,
    policyUrl: version.policyUrl,
    host: new URL(version.policyUrl).hostname,
  }
}

function offeredItem(asked: ServiceItem, catalogue: Catalogue, language: Language): OfferedItem {
  const nameOf = (list: readonly { id: string; names: Record<Language, string> }[], id: string) =>
    list.find((entry) => entry.id === id)?.names[language] ?? id
  return {
    name: nameOf(catalogue.items, asked.item),
    required: asked.required,
    purposes: words(language).list(asked.purposes.map((id) => nameOf(catalogue.purposes, id))),
    reason: asked.reasons[language],
  }
}
