import { describe, expect, test } from '@jest/globals'
import { fill, sectionsOf, type Template } from '../../src/templates/model.ts'

const text = '## ask: Ask {{provider}}\nPlease ask {{provider}}. It answers.\n'
const template: Template = {
  template: 'x',
  version: 1,
  kind: 'policy',
  effectiveOn: '2026-04-01',
  title: { ja: 'x', en: 'x' },
  change: 'ask',
  sections: { ja: sectionsOf(text), en: sectionsOf(text) },
  source: { terms: '', texts: { ja: text, en: text } },
  hash: { ja: Buffer.alloc(32), en: Buffer.alloc(32) },
}

describe('filling a section', () => {
  test('puts the values into heading and body', () => {
    expect(fill(template, 'en', 'ask', { provider: 'B' })).toEqual({
      title: 'Ask B',
      body: 'Please ask B. It answers.',
    })
  })

  test('ends a sentence once where the name ends with a full stop', () => {
    expect(fill(template, 'en', 'ask', { provider: 'A Inc.' })).toEqual({
      title: 'Ask A Inc.',
      body: 'Please ask A Inc. It answers.',
    })
  })

  test('refuses a missing value and a missing section', () => {
    expect(() => fill(template, 'en', 'ask', {})).toThrow('provider')
    expect(() => fill(template, 'en', 'other', {})).toThrow('other')
  })
})
