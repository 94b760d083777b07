/** What views/residents/profile_fields.eta shows: the items to fill in, all of them or only those asked for. */
import type { ItemId } from '../catalogue/model.ts'
import type { Option } from '../http/parts.ts'
import type { Language } from '../locales/index.ts'
import { messages } from '../locales/index.ts'
import type { Fields } from '../refusal.ts'
import { REGIONS } from '../input/municipalities.ts'
import { municipalities, placeOf, postalCode } from './address.ts'
import { PROFILE_FIELDS, type Profile, type Typed } from './model.ts'

/** Spread it into a page's data: `{ ...profileForm(…), … }`. */
export type ProfileForm = {
  /** Items whose fields are shown; a group each. */
  show: readonly ItemId[]
  values: Typed
  /** Message keys of what is wrong. */
  fields: Fields
  regions: Option[]
  /** Suggestions while typing: the municipalities of the chosen prefecture. */
  localities: readonly string[]
}

/** The groups a resident may fill in, in catalogue order; the mail address has its own page. */
const PROFILE_ITEMS: readonly ItemId[] = ['name', 'birth_year', 'sex', 'address']

/** @param values what was typed, or what is registered (`typedOf`) */
export function profileForm(
  language: Language,
  values: Typed,
  fields: Fields = {},
  show: readonly ItemId[] = PROFILE_ITEMS,
): ProfileForm {
  const { region } = messages[language].residents
  return {
    show,
    values,
    fields,
    regions: [
      { value: '', label: region.none },
      ...REGIONS.map((name) => ({ value: name, label: region.label(name) })),
    ],
    localities: municipalities(values.region ?? ''),
  }
}

/** The registered items as a form holds them: the postcode with its hyphen. */
export function typedOf(profile: Profile): Typed {
  const { postal_code } = profile
  const typed: Typed = Object.fromEntries(PROFILE_FIELDS.map((name) => [name, profile[name] ?? '']))
  if (postal_code) typed.postal_code = `${postal_code.slice(0, 3)}-${postal_code.slice(3)}`
  return typed
}

/** What a form sent, as text per field; anything else in it is left out. */
export function typedIn(body: Record<string, unknown>): Typed {
  const texts = PROFILE_FIELDS.map((name) => [name, body[name]] as const)
  return Object.fromEntries(texts.filter(([, text]) => typeof text === 'string')) as Typed
}

/** The button 「郵便番号から入れる」: prefecture and municipality as the postcode tells them, or what is wrong with it. */
export function lookUp(typed: Typed): { typed: Typed; fields: Fields } {
  const code = postalCode(typed.postal_code ?? '')
  if (!code) return { typed, fields: { postal_code: 'postal_code' } }
  const place = placeOf(code)
  return place
    ? { typed: { ...typed, ...place }, fields: {} }
    : { typed, fields: { postal_code: 'postal_code_unknown' } }
}
