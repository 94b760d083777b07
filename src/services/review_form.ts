/** What the registrar posts of a review: results per item, clauses, the kind; read with care, never taken as it is (J3). */
import { isItemId } from '../catalogue/model.ts'
import { normalText } from '../input/spelling.ts'
import { Refusal } from '../refusal.ts'
import { CLAUSES } from './clauses.ts'
import type { ServiceDraft } from './draft_schema.ts'
import type { Bounds } from './model.ts'
import type { Examined } from './review.ts'
import { RESULTS, type ItemResult } from './review_model.ts'
import type { Typed } from './review_pages.ts'

const hash = { type: 'string', maxLength: 64, pattern: '^[0-9a-f]{64}$' } as const
const text = { type: 'string', maxLength: 1000 } as const
const texts = {
  anyOf: [text, { type: 'array', maxItems: 20, items: text }],
} as const

/** Field names are made of parts and ids we know; any other name is refused. */
export const examineSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['hash', 'kind'],
  properties: { hash, kind: { enum: ['third_party', 'own'] } },
  patternProperties: {
    '^(result|note|need|pulls|life|words_ja|words_en|purposes)_[a-z][a-z0-9_]{0,60}$': texts,
    [`^(found|place)_(${CLAUSES.join('|')})$`]: text,
  },
} as const

/** The posted fields, every one as a list of texts. */
export function typedOf(body: Record<string, unknown> | undefined): Typed {
  const lists = Object.entries(body ?? {}).map(([name, value]) => [name, [value].flat()] as const)
  return Object.fromEntries(
    lists.map(([name, list]) => [name, list.filter((one) => typeof one === 'string')]),
  )
}

/** @throws Refusal invalid_input where a number is none, or an item is named that was not asked for */
export function examinedIn(typed: Typed, asked: Pick<ServiceDraft, 'items'>): Examined {
  const one = (name: string) => normalText(typed[name]?.[0] ?? '')
  const results: Record<string, ItemResult> = {}
  const fields: Record<string, string> = {}
  for (const item of asked.items) {
    const id = item.item
    if (!isItemId(id)) throw new Refusal('invalid_input', { fields: { item: 'unknown' } })
    const result = RESULTS.find((known) => known === one(`result_${id}`))
    if (!result) {
      fields[`results.${id}`] = 'choose'
      continue
    }
    const bounds = boundsIn(one, id)
    if (!bounds) fields[`results.${id}`] = 'number'
    const whole = result === 'approved'
    results[id] = {
      result,
      note: one(`note_${id}`),
      purposes: result === 'denied' ? [] : whole ? item.purposes : (typed[`purposes_${id}`] ?? []),
      required: item.required && (whole || one(`need_${id}`) !== 'optional') && result !== 'denied',
      ...(bounds && Object.keys(bounds).length > 0 && result !== 'denied' && { bounds }),
    }
  }
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  const clauses = CLAUSES.map((clause) => ({
    clause,
    found: typed[`found_${clause}`] !== undefined,
    place: one(`place_${clause}`),
  }))
  return { kind: one('kind') === 'own' ? 'own' : 'third_party', results, clauses }
}

/** @returns undefined where a number is none */
function boundsIn(one: (name: string) => string, id: string): Bounds | undefined {
  const [pulls, life] = [numberIn(one(`pulls_${id}`)), numberIn(one(`life_${id}`))]
  if (pulls === 'wrong' || life === 'wrong') return undefined
  const [ja, en] = [one(`words_ja_${id}`), one(`words_en_${id}`)]
  return {
    ...(pulls !== undefined && { pullsPerMonth: pulls }),
    ...(life !== undefined && { lifeDays: life }),
    ...((ja || en) && { purposeWords: { ja, en } }),
  }
}

function numberIn(text: string): number | undefined | 'wrong' {
  const plain = text.normalize('NFKC').trim()
  if (plain === '') return undefined
  return /^[1-9]\d{0,4}$/.test(plain) && Number(plain) <= 10_000 ? Number(plain) : 'wrong'
}
