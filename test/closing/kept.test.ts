/** What the page for closing says stays is what the terms of /admin/retention keep (M8, M9, E-06): one cannot change without the other. */
import { describe, expect, test } from '@jest/globals'
import { KEPT } from '../../src/closing/model.ts'
import { LANGUAGES, messages } from '../../src/locales/index.ts'
import { TERMS, YEARS } from '../../src/retention/model.ts'

/** Terms that say nothing of a resident, or end with the account at the latest (closing/actions.ts: closeDue). */
const NOT_OF_THEM = ['staff_sessions', 'decisions', 'people', 'companies', 'documents']
const GONE_WITH_IT = ['account', 'notices', 'devices', 'links', 'sessions']

/** The term a resident reads, by how rows of it go. */
const UNTIL = { month: ['month'], sweep: ['years', 'days'], stays: ['on'], account: [] }

describe('what stays of a closed account', () => {
  test('names every term that outlives it, once', () => {
    const named = KEPT.flatMap(({ of }) => [...of])
    const all = TERMS.map(({ id }) => id)
    expect([...named, ...NOT_OF_THEM, ...GONE_WITH_IT].toSorted()).toEqual(all.toSorted())
  })

  test.each(KEPT)('$id ends as its term says', ({ of, until }) => {
    for (const id of of) {
      const term = TERMS.find((one) => one.id === id)
      expect(UNTIL[term?.going ?? 'account']).toContain(until)
    }
  })

  test.each(LANGUAGES)('is said with the same years and days as the terms (%s)', (language) => {
    const { closing, retention } = messages[language]
    expect(closing.untils.month).toContain(retention.terms.provisions[1])
    expect(closing.untils.years).toContain(String(YEARS))
    expect(retention.terms.refusals[1]).toContain(String(YEARS))
    for (const id of ['events', 'mails'] as const) expect(retention.terms[id][1]).toContain('90')
    expect(closing.untils.days).toContain('90')
    for (const { id } of KEPT) expect(closing.keptItems[id].what).toBeTruthy()
  })
})
