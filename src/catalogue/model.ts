/**
 * 提供項目・利用目的 – the catalogue.
 * Owns: items, their claims and scopes, purposes. Does not own: who may have them (contracts, services).
 * Law: APPI 17 (specify purposes). Rows: S-13, S-21…S-25, S-53.
 */
import type { Both } from '../installation.ts'

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
