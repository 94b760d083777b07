import { describe, expect, test } from '@jest/globals'
import { JsonFault, parseStrict } from '../../src/input/json.ts'

const ruleOf = (text: string) => {
  try {
    parseStrict(text)
    return undefined
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    return `${error.rule} ${error.line}`
  }
}

describe('strict JSON (L9, L10)', () => {
  test.each([
    ['a key twice', '{"a":1,\n"a":2}', 'json_key_twice 2'],
    [
      'a key twice, one of them escaped',
      String.raw`{"redirect_uris":1,"redirect\u005furis":2}`,
      'json_key_twice 1',
    ],
    ['a key twice, deep inside', '{"a":[{"b":{"c":1,"c":2}}]}', 'json_key_twice 1'],
    ['__proto__', '{"__proto__":{"x":1}}', 'json_forbidden_key 1'],
    ['constructor', '{"a":{"constructor":{"prototype":1}}}', 'json_forbidden_key 1'],
    ['a byte order mark', '\uFEFF{}', 'json_byte_order_mark 1'],
    ['a nest of 10,000', '['.repeat(10_000) + ']'.repeat(10_000), 'json_too_deep 1'],
    ['NUL', String.raw`{"a":"\u0000"}`, 'json_bad_text 1'],
    ['half a surrogate pair', String.raw`{"a":"\ud800"}`, 'json_bad_text 1'],
    ['a line separator', '{"a":"x\u2028"}', 'json_bad_text 1'],
    ['a paragraph separator', String.raw`{"a":"\u2029"}`, 'json_bad_text 1'],
    ['broken UTF-8 replaced on reading', '{"a":"\uFFFD"}', 'json_bad_text 1'],
    ['a trailing comma', '{\n"a":1,\n}', 'json_syntax 3'],
    ['nothing', '', 'json_syntax 1'],
    ['too much', `"${'a'.repeat(2_000_000)}"`, 'json_too_long 1'],
  ])('%s is refused', (_, text, rule) => {
    expect(ruleOf(text)).toBe(rule)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test.each([
    ['{"a":1,"a":2}', '/a'],
    ['{"a":[0,{"b":{"c/d~":1,"c/d~":2}}]}', '/a/1/b/c~1d~0'],
    ['[[],{},[1,{"x":{},"y":"\\ud800"}]]', '/2/1/y'],
    ['{"x":[1,2],"y":{"__proto__":1}}', '/y/__proto__'],
    ['{"\\ud800":1}', ''],
    ['\uFEFF{"a":1}', ''],
    ['{"a":', ''],
  ])('%s names the place %j', (text, path) => {
    expect(() => parseStrict(text)).toThrow(expect.objectContaining({ path }))
  })

  test('the same key in different objects is no fault, nor are signs inside a text', () => {
    const text = String.raw`{"a":{"a":1},"b":[{"a":"{\"a\":1,\"a\":2}"},{"a":": , ["}],"c":-1.5e3}`
    expect(parseStrict(text)).toEqual({
      a: { a: 1 },
      b: [{ a: '{"a":1,"a":2}' }, { a: ': , [' }],
      c: -1500,
    })
  })

  test.each([
    ['backslashes', `{"a":"${'\\'.repeat(1_000_001)}`],
    ['quotes', `{"a":"${'"'.repeat(1_000_001)}`],
    ['escapes', JSON.stringify({ a: '\\"'.repeat(400_000) })],
    ['objects', JSON.stringify(Array.from({ length: 40_000 }, (_, n) => ({ a: n, b: 'x' })))],
  ])('a million %s take no longer than reading them (L11)', (_, text) => {
    const from = performance.now()
    ruleOf(text)
    expect(performance.now() - from).toBeLessThan(2000)
  })
})
