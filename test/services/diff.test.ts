/** Field by field: new, changed, removed; and what is more than before in the matrix (A3). */
import { describe, expect, test } from '@jest/globals'
import { differencesOf, matrixOf } from '../../src/services/diff.ts'
import type { ServiceItem, ServiceNow } from '../../src/services/model.ts'

const both = (text: string) => ({ ja: text, en: text })
const item = (id: ServiceItem['item'], more: Partial<ServiceItem> = {}): ServiceItem => ({
  item: id,
  itemVersion: 1,
  purposes: ['service_delivery'],
  required: true,
  reasons: both('r'),
  effects: both('e'),
  ...more,
})

function service(version: object = {}, items = [item('user_id')]): ServiceNow {
  return {
    service: { kind: 'third_party', authMethod: 'none' },
    contract: { number: 'K-1', subjectType: 'public' },
    version: {
      id: 'v',
      version: 1,
      names: both('n'),
      redirectUris: ['https://a.example/'],
      items,
      ...version,
    },
  } as unknown as ServiceNow
}

describe('the difference', () => {
  test('of the same version is nothing, whatever its id, number or order of purposes', () => {
    const one = service({}, [item('email', { purposes: ['a', 'b'] })])
    const other = service({ id: 'w', version: 2 }, [item('email', { purposes: ['b', 'a'] })])
    expect(differencesOf(one, other)).toEqual([])
  })

  test('names what is new, changed and removed', () => {
    const before = service({ logo: 'x' }, [
      item('user_id'),
      item('sex', { bounds: { lifeDays: 30 } }),
    ])
    const after = service(
      { redirectUris: ['https://b.example/'], clauses: { purposes: '第5条' } },
      [item('user_id'), item('sex', { required: false, bounds: { pullsPerMonth: 2 } })],
    )
    const found = differencesOf(before, after).map(({ place, mark }) => [place, mark])
    expect(found).toEqual([
      ['redirectUris', 'changed'],
      ['logo', 'removed'],
      ['items.sex.required', 'changed'],
      ['items.sex.bounds.lifeDays', 'removed'],
      ['clauses.purposes', 'new'],
      ['items.sex.bounds.pullsPerMonth', 'new'],
    ])
  })
})

describe('the matrix', () => {
  const order = ['service_delivery', 'contact']

  test('marks items and purposes that the version in force does not have', () => {
    const asked = [item('user_id'), item('sex', { purposes: ['contact'], required: false })]
    const { purposes, rows } = matrixOf(asked, [item('user_id')], order)
    expect(purposes).toEqual([
      { id: 'service_delivery', added: false },
      { id: 'contact', added: true },
    ])
    expect(rows).toEqual([
      { item: 'user_id', added: false, cells: [{ required: true, added: false }, undefined] },
      { item: 'sex', added: true, cells: [undefined, { required: false, added: true }] },
    ])
  })

  test('marks nothing in a first version', () => {
    const { purposes, rows } = matrixOf([item('user_id')], undefined, order)
    expect(purposes).toEqual([{ id: 'service_delivery', added: false }])
    expect(rows[0]).toMatchObject({ added: false, cells: [{ added: false }] })
  })
})
