import { expect, test } from '@jest/globals'
import { messages } from '../../src/locales/index.ts'
import { words } from '../../src/locales/words.ts'

const at = new Date('2026-11-20T15:05:00Z')

test('days are days in Asia/Tokyo, whatever the server’s zone', () => {
  expect(words('ja').date(at)).toBe('2026年11月21日')
  expect(words('ja').dateWithWeekday(at)).toBe('2026年11月21日（土）')
  expect(words('ja').dateTime(at)).toBe('2026年11月21日 0:05')
  expect(words('en').dateWithWeekday(at)).toBe('Sat 21 November 2026')
})

test('an exclusive end is shown as its last day, and counted to it', () => {
  const end = new Date('2027-03-31T15:00:00Z')
  expect(words('ja').lastDay(end)).toBe('2027年3月31日（水）')
  expect(words('ja').daysLeft(end, new Date('2027-03-31T01:00:00Z'))).toBe(0)
  expect(words('ja').daysLeft(end, new Date('2027-03-30T01:00:00Z'))).toBe(1)
  expect(words('ja').daysLeft(end, new Date('2027-04-02T00:00:00Z'))).toBe(0)
})

/** Every text of a room of words; what is made of values is made of none. */
function textsIn(words: unknown): string[] {
  if (typeof words === 'string') return [words]
  if (typeof words === 'function') return [words.toString()]
  if (typeof words !== 'object' || words === null) return []
  return Object.values(words).flatMap(textsIn)
}

test('residents are お客様, never あなた; those who work here are spoken to otherwise', () => {
  const { companies: _, desk: __, ...rooms } = messages.ja
  const texts = textsIn(rooms)
  expect(texts.length).toBeGreaterThan(1000)
  expect(texts.filter((text) => text.includes('あなた'))).toEqual([])
})

test('people have one name everywhere: 利用者, 管理者, 開発者', () => {
  const others = /登録者|住民|管理担当|開発担当/
  expect(textsIn(messages.ja).filter((text) => others.test(text))).toEqual([])
})

test('lists read as a person would say them', () => {
  expect(words('ja').list(['氏名', '性別'])).toBe('氏名、性別')
  expect(words('en').list(['name', 'sex', 'email'])).toBe('name, sex and email')
})
