import { describe, expect, test } from '@jest/globals'
import { textChanges, type TextPiece } from '../../src/templates/actions.ts'

const section = (id: string, title: string, ...lines: string[]) => ({ id, title, lines })
const told = (lines: readonly TextPiece[][]) =>
  lines.map((line) =>
    line
      .map(({ kind, text }) => ({ same: text, removed: `[-${text}-]`, added: `[+${text}+]` })[kind])
      .join(''),
  )

describe('the difference between two texts', () => {
  test('is nothing where they are the same', () => {
    const text = [section('a', '題', '一行目。', '二行目。')]
    expect(textChanges(text, text, 'ja')).toEqual([])
  })

  test('names a section that is new, one that is gone and one that differs', () => {
    const changes = textChanges(
      [section('a', 'A', 'x'), section('b', 'B', 'y'), section('c', 'C', 'z')],
      [section('a', 'A', 'x'), section('n', 'N', 'new'), section('c', 'C2', 'z')],
      'en',
    )
    expect(changes.map(({ id, kind, titleBefore }) => [id, kind, titleBefore])).toEqual([
      ['n', 'added', undefined],
      ['c', 'changed', 'C'],
      ['b', 'removed', undefined],
    ])
    expect(told(changes[0]?.lines ?? [])).toEqual(['[+new+]'])
    expect(told(changes[2]?.lines ?? [])).toEqual(['[-y-]'])
  })

  test('shows Japanese word by word, line by line', () => {
    const [change] = textChanges(
      [section('a', '保存期間', '市が1年のあいだ持ちます。', '残る行。')],
      [section('a', '保存期間', '市が3年のあいだ持ちます。', '残る行。', '新しい行。')],
      'ja',
    )
    expect(told(change?.lines ?? [])).toEqual([
      '市が[-1-][+3+]年のあいだ持ちます。',
      '残る行。',
      '[+新しい行。+]',
    ])
  })

  test('what stays and what came make the new text, what stays and what went the old one', () => {
    const before = ['To stop, withdraw on the page.', 'Nothing more goes to them.', 'Ask them.']
    const now = ['To stop, withdraw or pause on the page.', 'Ask them, or ask us.']
    const [change] = textChanges([section('a', 'A', ...before)], [section('a', 'A', ...now)], 'en')
    const read = (without: TextPiece['kind']) =>
      (change?.lines ?? [])
        .flat()
        .filter(({ kind }) => kind !== without)
        .map(({ text }) => text)
        .join('')
    expect(read('removed')).toBe(now.join(''))
    expect(read('added')).toBe(before.join(''))
  })

  test('a very long section is shown whole instead of word by word', () => {
    const long = (word: string) => `${word} `.repeat(900)
    const [change] = textChanges(
      [section('a', 'A', long('x'))],
      [section('a', 'A', long('y'))],
      'en',
    )
    expect(change?.lines.map((line) => line.map(({ kind }) => kind))).toEqual([
      ['removed'],
      ['added'],
    ])
  })
})
