/**
 * 登録簿 – what is registered of a service: six items, readable before it begins and after it is struck off (I-11).
 * Pure: from services to pages and JSON.
 */
import { itemNames, purposeNames, type Catalogue } from '../catalogue/model.ts'
import { dayOf } from '../input/days.ts'
import type { Installation } from '../installation.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { ceiling, publicState, type ServiceNow } from './model.ts'
import { offered, type Offered } from './pages.ts'
import type { Life } from './registration_queries.ts'

/** Purposes a service may use data for at this moment, each with its items: one signed statement each. */
export function statementsOf(now: ServiceNow, at: Date): Map<string, string[]> {
  const found = new Map<string, string[]>()
  if (now.service.side === 'test') return found
  for (const { item, purposes } of ceiling(now, at))
    for (const purpose of purposes) found.set(purpose, [...(found.get(purpose) ?? []), item])
  return found
}

/** views/services/registration.eta */
export type RegistrationPage = Offered & {
  /** SHA-256 of the logo, at /logos/<sha256>.png (F8). */
  logo?: string
  corporateNumber: string
  purposes: string
  giver: string
  /** What the service hands to the consortium, where its contract says so. */
  datasets: string[]
  registeredOn: string
  startedOn: string | undefined
  endedOn: string | undefined
  versions: { version: string; on: string }[]
  statements: { purpose: string; href: string; items: string }[]
  asOf: string
}

type Shown = {
  life: Life
  versions: readonly { version: number; at: Date }[]
  catalogue: Catalogue
  installation: Installation
  language: Language
  at: Date
}

export function registrationPage(now: ServiceNow, shown: Shown): RegistrationPage {
  const { life, catalogue, language, at, installation } = shown
  const w = words(language)
  const t = messages[language].registration
  const purposeName = (id: string) => purposeNames(catalogue.purposes, id)[language]
  const itemName = (id: string) =>
    itemNames(catalogue.items, id, now.contract.subjectType)[language]
  const face = offered(now, catalogue, { language, at })
  const state = publicState(now, at)
  const statements = [...statementsOf(now, at)]
  return {
    ...face,
    ...(now.version.logo && { logo: now.version.logo }),
    corporateNumber: now.member.corporateNumber,
    purposes: w.list(purposesOf(now).map(purposeName)),
    giver: installation.consortium[language],
    datasets: datasetsOf(now),
    registeredOn: w.date(life.registeredAt),
    startedOn: life.startedAt ? w.date(life.startedAt) : undefined,
    endedOn: state === 'struck' && life.endedAt ? w.date(life.endedAt) : undefined,
    versions: shown.versions.map((one) => ({
      version: t.version(one.version),
      on: w.date(one.at),
    })),
    statements: statements.map(([purpose, items]) => ({
      purpose: purposeName(purpose),
      href: statementPath(now.service.id, purpose),
      items: w.list(items.map(itemName)),
    })),
    asOf: w.dateTime(at),
  }
}

const statementPath = (serviceId: string, purpose: string) =>
  `/services/${serviceId}/statements/${encodeURIComponent(purpose)}`

const purposesOf = ({ version }: ServiceNow) => [
  ...new Set(version.items.flatMap((item) => item.purposes)),
]

const datasetsOf = ({ contract }: ServiceNow) =>
  contract.flows.flatMap((flow) => (flow.giver === 'member' && flow.dataset ? [flow.dataset] : []))

/** One service of `/services.json`. Days in Asia/Tokyo. */
export function registrationJson(
  now: ServiceNow,
  {
    life,
    at,
    installation,
    issuer,
  }: Pick<Shown, 'life' | 'at' | 'installation'> & { issuer: string },
) {
  const { service, version, member } = now
  const state = publicState(now, at)
  return {
    id: service.id,
    clientId: service.clientId,
    state,
    kind: service.kind,
    name: version.names,
    provider: { corporateNumber: member.corporateNumber, name: member.names },
    giver: installation.consortium,
    items: version.items.map(({ item, required, purposes }) => ({ item, required, purposes })),
    purposes: purposesOf(now),
    datasets: datasetsOf(now),
    retention: version.retention,
    contact: version.contact,
    termsUrl: version.termsUrl,
    policyUrl: version.policyUrl,
    version: life.version,
    registered: dayOf(life.registeredAt),
    started: life.startedAt ? dayOf(life.startedAt) : null,
    ended: state === 'struck' && life.endedAt ? dayOf(life.endedAt) : null,
    url: `${issuer}/services/${service.id}`,
    statements: [...statementsOf(now, at).keys()].map(
      (purpose) => `${issuer}${statementPath(service.id, purpose)}`,
    ),
  }
}
