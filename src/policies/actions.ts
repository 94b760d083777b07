import * as catalogue from '../catalogue/actions.ts'
import { itemNames, type Item, type Purpose } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import * as services from '../services/actions.ts'
import { ceiling, type ServiceNow } from '../services/model.ts'
import { partsOf, versionsOf, type DocumentName, type Part, type VersionEntry } from './model.ts'

export type Document = {
  name: DocumentName
  title: string
  shown: VersionEntry
  /** Newest first. */
  versions: VersionEntry[]
  parts: Part[]
}

/** A service that may receive information now, with what it may receive at most. */
type Recipient = {
  serviceId: string
  name: string
  provider: string
  items: string[]
  purposes: string[]
  retention: string
  contact: { desk: string; phone: string; email: string }
  policyUrl: string
}

/** What the running registry says about the items held and who may receive them (E-22, K-05). */
export type Disclosure = { items: { name: string; required: boolean }[]; recipients: Recipient[] }

/**
 * One text, in the version asked for or the one in force.
 *
 * @throws Refusal not_found for a version that does not exist
 */
export function read(env: Env, name: DocumentName, language: Language, version?: number): Document {
  const versions = versionsOf(env.templates, name, language, env.now())
  const shown = versions.find((v) =>
    version === undefined ? v.state === 'in_force' : v.version === version,
  )
  if (!shown) throw new Refusal('not_found')
  const template = env.templates.version(name, shown.version)
  const parts = partsOf(template, language, env.config.installation)
  return { name, title: template.title[language], shown, versions, parts }
}

/** The generated part of the privacy page: items held and services that stand at this moment (S-36, E-22). */
export async function disclosure(env: Env, language: Language): Promise<Disclosure> {
  const { items, purposes } = await catalogue.catalogue(env)
  const all = await services.list(env)
  return {
    items: items
      .filter((item) => item.id !== 'user_id')
      .map((item) => ({ name: item.names[language], required: item.id === 'email' })),
    recipients: all.flatMap((service) => recipient(service, items, purposes, language, env.now())),
  }
}

function recipient(
  now: ServiceNow,
  items: Item[],
  purposes: Purpose[],
  language: Language,
  at: Date,
): Recipient[] {
  const allowed = ceiling(now, at)
  if (!allowed.length) return []
  const wanted = new Set(allowed.flatMap((asked) => asked.purposes))
  const { version, member, service } = now
  return [
    {
      serviceId: service.id,
      name: version.names[language],
      provider: member.names[language],
      items: items
        .filter((item) => allowed.some((asked) => asked.item === item.id))
        .map(({ id }) => itemNames(items, id, now.contract.subjectType)[language]),
      purposes: purposes.filter((p) => wanted.has(p.id)).map((p) => p.names[language]),
      retention: version.retention[language],
      contact: { ...version.contact, desk: version.contact.desk[language] },
      policyUrl: version.policyUrl,
    },
  ]
}
