/** From a form to values: the same rules for the pages and for programs (J3). */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { field, type Act } from '../../src/duties/model.ts'
import { valuesOf } from '../../src/duties/reading.ts'

const act: Act = {
  ...{ who: 'giver', from: ['open'], operators: [], staff: [], document: false },
  next: () => 'closed',
  fields: [
    field.must('line', 'line'),
    field.may('text', 'text'),
    field.may('day', 'day'),
    field.may('moment', 'moment'),
    field.may('yen', 'yen'),
    field.may('one', 'one', ['a', 'b']),
    field.may('many', 'many', ['a', 'b']),
  ],
}
const read = (form: object) => valuesOf(act, { line: 'x', ...form })

describe('a form', () => {
  test('leaves blanks out and asks for what must be there', () => {
    expect(valuesOf(act, { line: ' ', text: '', many: [''] })).toEqual({
      values: {},
      faults: { line: { rule: 'required' } },
    })
    expect(valuesOf(act, {}, false)).toEqual({ values: {}, faults: {} })
  })

  test('knows nothing but its own fields', () => {
    expect(read({ state: 'closed', __proto__: { day: 'x' } }).values).toEqual({ line: 'x' })
  })

  test.each([
    ['line', 'a\nb', 'not_text'],
    ['line', 'x'.repeat(201), 'too_long'],
    ['text', 'x'.repeat(4001), 'too_long'],
    ['day', '2026-02-30', 'date'],
    ['day', '0000-01-01', 'date'],
    ['moment', '2026-11-21', 'moment'],
    ['moment', '2026-11-21T25:00', 'moment'],
    ['yen', '-1', 'whole_number'],
    ['yen', '1.5', 'whole_number'],
    ['one', 'c', 'not_valid'],
    ['one', 'constructor', 'not_valid'],
    ['many', ['a', 'c'], 'not_valid'],
  ])('%s %j: %s', (name, given, rule) => {
    expect(read({ [name]: given }).faults).toEqual({ [name]: { rule } })
  })

  test('reads sums as people write them, moments as moments in Tokyo', () => {
    expect(read({ yen: '１２０，０００円', moment: '2026-11-21T09:30' }).values).toMatchObject({
      yen: 120000,
      moment: '2026-11-21T00:30:00.000Z',
    })
    expect(read({ many: 'a' }).values['many']).toEqual(['a'])
  })

  test('reads a moment with its offset and a whole number, as programs write them', () => {
    expect(read({ yen: 120000, moment: '2026-11-20T23:10:30.5-01:00' }).values).toMatchObject({
      yen: 120000,
      moment: '2026-11-21T00:10:30.500Z',
    })
    expect(read({ yen: 1.5, moment: '2026-02-30T00:00:00Z' }).faults).toEqual({
      yen: { rule: 'whole_number' },
      moment: { rule: 'moment' },
    })
  })

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('line', 'day', 'moment', 'yen', 'one', 'many'),
          fc.anything(),
        ),
        (form) => {
          const { values, faults } = valuesOf(act, form)
          for (const name of Object.keys(values)) expect(faults[name]).toBeUndefined()
        },
      ),
    )
  })
})
