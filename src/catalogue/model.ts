/**
 * 提供項目・利用目的 – the catalogue.
 * Owns: items, their claims and scopes, purposes. Does not own: who may have them (contracts, services).
 * Law: APPI 17 (specify purposes). Rows: S-13, S-21…S-25, S-53.
 */
import type { Both } from '../installation.ts'
import { messages } from '../locales/index.ts'

const ITEMS = ['user_id', 'name', 'birth_year', 'sex', 'email', 'address'] as const
export type ItemId = (typeof ITEMS)[number]

export function isItemId(text: string): text is ItemId {
  return (ITEMS as readonly string[]).includes(text)
}

export type Item = {
  id: ItemId
  version: number
  names: Both
  /** OIDC claims it releases, always together. */
  claims: string[]
  scope: string
}

export type Purpose = { id: string; version: number; names: Both }

/** The catalogue in force: newest version of each entry, in catalogue order. */
export type Catalogue = { items: Item[]; purposes: Purpose[] }

/** The names of a purpose in the catalogue; its id where the catalogue does not know it. */
export function purposeNames(purposes: readonly { id: string; names: Both }[], id: string): Both {
  return purposes.find((purpose) => purpose.id === id)?.names ?? { ja: id, en: id }
}

/** Which ID a company receives: the same everywhere, or one of its own. */
export type IdKind = 'public' | 'pairwise'

/**
 * What an item is called: the user ID by its kind, so that the consent screen, evidence and every list say the same of
 * it. Everything else has the names it is given.
 *
 * @param kind of the consent or contract it is told of; undefined: of none or of several
 */
export function namesByKind(id: string, names: Both, kind: IdKind | undefined): Both {
  if (id !== 'user_id' || kind === 'public') return names
  const called = (language: 'ja' | 'en') => {
    const { idKinds, userId } = messages[language].consents
    return kind ? idKinds[kind] : userId
  }
  return { ja: called('ja'), en: called('en') }
}

/** The names of an item in the catalogue, by the kind of ID; its id where the catalogue does not know it. */
export function itemNames(
  items: readonly { id: string; names: Both }[],
  id: string,
  kind: IdKind | undefined,
): Both {
  const known = items.find((item) => item.id === id)
  return known ? namesByKind(id, known.names, kind) : { ja: id, en: id }
}
