/** Postcode → prefecture and municipality, offline, and the check against the list of municipalities (S-24). */
import { getAddress, normalizePostalCode } from 'yubin'
import { MUNICIPALITIES, REGIONS } from '../input/municipalities.ts'

export type Place = { region: string; locality: string }

/** The municipalities of a prefecture, down to the wards of designated cities; empty for an unknown one. */
export function municipalities(region: string): readonly string[] {
  return Object.hasOwn(MUNICIPALITIES, region) ? (MUNICIPALITIES[region]?.split(' ') ?? []) : []
}

/** Seven digits, from what was typed (〒, hyphens, full width); undefined where it is no postcode. */
export function postalCode(typed: string): string | undefined {
  return normalizePostalCode(typed.normalize('NFKC').replace(/[\s‐‑–—―−ー-]/gu, '')) ?? undefined
}

/**
 * Where a postcode lies. yubin knows one municipality per postcode; a few codes (618-0000, 498-0000) span two,
 * so what this returns is an offer that the resident may correct.
 *
 * @param code seven digits
 */
export function placeOf(code: string): Place | undefined {
  const found = getAddress(code)
  return found ? { region: found.prefecture, locality: found.city } : undefined
}

/**
 * The prefecture and municipality as the official list writes them. Spaces, width, ヶ for ケ, a repeated prefecture
 * and a left-out county (郡) or island before a town are forgiven.
 *
 * @returns undefined for a pair that does not exist; a designated city needs its ward
 */
export function officialPlace(region: string, locality: string): Place | undefined {
  const where = plain(region)
  const known = REGIONS.find((name) => plain(name) === where)
  if (!known) return undefined
  const wanted = plain(locality).replace(where, '')
  const all = municipalities(known)
  const exact = all.find((name) => plain(name) === wanted)
  if (exact) return { region: known, locality: exact }
  const short = all.filter((name) => /[郡島]/.test(name) && withoutCounty(plain(name)) === wanted)
  return short.length === 1 && short[0] ? { region: known, locality: short[0] } : undefined
}

const plain = (text: string) => text.normalize('NFKC').replace(/\s/gu, '').replaceAll('ヶ', 'ケ')
const withoutCounty = (name: string) =>
  name.replace(name.includes('郡') ? /^.+郡(?=.+[町村]$)/u : /^.+島(?=.+[町村]$)/u, '')
