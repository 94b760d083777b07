/** What every page keeps, in every state and both languages (look.md §6, pages.md "Common rules", security.md G10, T10). */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { operatorMenu } from '../../src/http/menus.ts'
import { pageHash, render, sheet } from '../../src/http/views.ts'
import { LANGUAGES, messages } from '../../src/locales/index.ts'
import type { OperatorRole } from '../../src/persons.ts'
import { allScenes } from '../support/fixtures/index.ts'
import { frameFor } from '../support/fixtures/scene.ts'
import { leaksOf } from '../support/leaking.ts'

const folder = fileURLToPath(new URL('../../views/', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.eta'))
  .map((file) => ({ view: file.slice(0, -4), source: readFileSync(folder + file, 'utf8') }))
const isPage = ({ view, source }: { view: string; source: string }) =>
  source.includes("'/layouts/") && !view.startsWith('layouts/')

const cases = allScenes.flatMap((scene) =>
  LANGUAGES.map((lang) => [`${scene.view} (${scene.state}, ${lang})`, scene, lang] as const),
)

/** The pages that ask for a passkey: they alone carry the script (I3). */
const WITH_PASSKEYS = new Set([
  'people/login',
  'people/invitation',
  'people/confirm',
  'people/account',
])

const all = (html: string, pattern: RegExp) => [...html.matchAll(pattern)]
const attribute = (tag: string, name: string) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
const ids = (html: string) => all(html, /\sid="([^"]*)"/g).map((m) => m[1] ?? '')
const text = (html: string) => html.replace(/<[^>]*>/g, '')

describe('views', () => {
  test('every page has a scene', () => {
    const seen = new Set(allScenes.map((scene) => scene.view))
    expect(
      files
        .filter(isPage)
        .map((file) => file.view)
        .filter((view) => !seen.has(view)),
    ).toEqual([])
  })

  test('every other view is part of one', () => {
    const sources = files.map((file) => file.source).join('\n')
    const loose = files
      .filter((file) => !isPage(file) && !file.view.startsWith('mail/'))
      .filter(
        ({ view }) =>
          !sources.includes(`include('/${view}'`) && !sources.includes(`layout('/${view}'`),
      )
    expect(loose.map((file) => file.view)).toEqual([])
  })

  test('no part takes a word of its page for its own', () => {
    const leaks = allScenes.flatMap((scene) =>
      leaksOf(scene.view, scene.data('ja'), frameFor(scene, 'ja')).map(
        (leak) => `${scene.view} (${scene.state}) ${leak}`,
      ),
    )
    expect(leaks).toEqual([])
  })

  test('raw printing is for the body and for parts alone', () => {
    const raw = files.flatMap(({ view, source }) =>
      all(source.replace(/<%\/\*[\s\S]*?\*\/%>/g, ''), /<%~\s*([\s\S]*?)%>/g).map(
        (m) => `${view}: ${m[1]?.trim()}`,
      ),
    )
    expect(raw.length).toBeGreaterThan(50)
    expect(raw.filter((line) => !/: (it\.body|include\('\/)/.test(line))).toEqual([])
  })

  test('no view holds words of its own', () => {
    const spoken = files
      .filter(({ view }) => view !== 'parts/languages')
      .filter(({ source }) =>
        /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(
          source.replace(/\/\*[\s\S]*?\*\//g, ''),
        ),
      )
    expect(spoken.map((file) => file.view)).toEqual([])
  })

  test('each of the three areas is drawn by its own frame', () => {
    const areas = new Set(
      cases.map(([, scene, lang]) => {
        const html = render(scene.view, scene.data(lang), frameFor(scene, lang))
        return /<body class="(\w+)">/.exec(html)?.[1]
      }),
    )
    expect(areas).toEqual(new Set(['operator', 'resident', 'staff']))
  })

  test('a menu shows what the reader may enter, and nothing else', () => {
    const scene = allScenes.find((s) => s.view === 'desk/today')
    if (!scene) throw new Error('the desk has no scene')
    const draw = (roles: readonly OperatorRole[]) =>
      render(scene.view, scene.data('ja'), {
        ...frameFor(scene, 'ja'),
        operator: { name: '佐藤 一郎', roles },
        menu: operatorMenu(roles),
      })
    expect(draw(['auditor'])).toContain('href="/admin/audit"')
    expect(draw(['registrar'])).not.toContain('href="/admin/audit"')
  })

  test('the stylesheet stays small and in its layers', () => {
    const ours = readFileSync(`${folder}style.css`, 'utf8')
    expect(Buffer.byteLength(ours)).toBeLessThan(40_000)
    expect(ours).not.toMatch(/@import|url\(/)
    expect(sheet.startsWith('@layer tokens, base, layout, parts;')).toBe(true)
  })

  test('every class a view names stands in the stylesheet', () => {
    const known = new Set(
      all(readFileSync(`${folder}style.css`, 'utf8'), /\.([a-z][\w-]*)/g).map((m) => m[1]),
    )
    const named = cases.flatMap(([, scene, lang]) =>
      all(
        render(scene.view, scene.data(lang), frameFor(scene, lang)),
        /\sclass="([^"]*)"/g,
      ).flatMap((m) => (m[1] ?? '').split(/\s+/)),
    )
    expect([...new Set(named)].filter((name) => name && !known.has(name))).toEqual([])
  })
})

describe.each(cases)('%s', (_, scene, lang) => {
  const html = render(scene.view, scene.data(lang), frameFor(scene, lang))
  const main = /<main[\s\S]*<\/main>/.exec(html)?.[0] ?? ''

  test('is one document in its language', () => {
    expect(html).toMatch(new RegExp(`^<!doctype html>\\s<html lang="${lang}">`))
    expect(all(html, /<h1[\s>]/g)).toHaveLength(1)
    expect(all(html, /<main[\s>]/g)).toHaveLength(1)
    const { brand, separator } = messages[lang].frame
    expect(/<title>([^<]+)<\/title>/.exec(html)?.[1]).toMatch(
      new RegExp(`.\\${separator.trim()}\\s?${brand}$`),
    )
    expect(html).toContain('<a class="skip" href="#main">')
  })

  test('prints nothing by accident', () => {
    expect(text(html)).not.toMatch(/undefined|\bnull\b|NaN|\[object|=>|function/)
    if (lang === 'en') expect(text(main)).not.toMatch(/[、。「」（）：]/)
  })

  test('has no script but the one for passkeys, no style of its own and no foreign source', () => {
    const one = '<script src="passkey.js" defer></script>'
    expect(html.split(one)).toHaveLength(WITH_PASSKEYS.has(scene.view) ? 2 : 1)
    expect(html.replace(one, '')).not.toMatch(
      /<script|<style|\sstyle=|\son[a-z]+=|javascript:|<iframe|<img(?! src="\/((company|admin)\/)?logos\/[0-9a-f]{64}\.png")|<object|<embed/i,
    )
  })

  test('names things once and points only to what is there', () => {
    const here = ids(html)
    expect(here.filter((id, i) => here.indexOf(id) !== i)).toEqual([])
    const pointed = all(html, /\s(?:aria-describedby|aria-labelledby|for)="([^"]*)"/g).flatMap(
      (m) => (m[1] ?? '').split(' '),
    )
    const linked = all(html, /href="#([^"]*)"/g).map((m) => m[1] ?? '')
    expect([...pointed, ...linked].filter((id) => !here.includes(id))).toEqual([])
  })

  test('labels every field', () => {
    const bare = html.replace(/<label[\s>][\s\S]*?<\/label>/g, '')
    const unlabelled = all(bare, /<(?:input|select|textarea)\b[^>]*>/g)
      .map((m) => m[0])
      .filter((tag) => attribute(tag, 'type') !== 'hidden')
      .filter((tag) => !html.includes(`<label for="${attribute(tag, 'id')}"`))
    expect(unlabelled).toEqual([])
  })

  test('guards every form that changes something', () => {
    for (const [form = ''] of all(html, /<form[\s\S]*?<\/form>/g)) {
      const posts = attribute(form, 'method') === 'post'
      // xsrf: oidc-provider's own token, on its logout form
      expect(all(form, /<input type="hidden" name="(csrf|xsrf)" value="[^"]+">/g)).toHaveLength(
        posts ? 1 : 0,
      )
      if (!form.includes('name="decision"')) continue
      const first = /<button[^>]*>/.exec(form)?.[0] ?? ''
      expect(first).not.toContain('name=')
      expect(first).toContain('class="unseen"')
    }
  })

  test('ticks nothing in advance on a page that asks', () => {
    if (scene.view !== 'interaction/consent' || scene.state === 'stale') return
    expect(all(main, /<input type="checkbox"[^>]*\schecked/g)).toEqual([])
  })
})

describe('the consent screen', () => {
  const scene = allScenes.find((s) => s.view === 'interaction/consent' && s.state === 'new')
  if (!scene) throw new Error('the consent screen has no scene')
  const draw = (csrf: string) =>
    render(scene.view, scene.data('ja'), { ...frameFor(scene, 'ja'), csrf })

  test('says exactly who receives', () => {
    const heading = /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(draw('x'))?.[1] ?? ''
    expect(text(heading)).toBe('まちなか回遊アプリ（提供者：A社）がお客様の情報を受け取ります')
  })

  test('gives both answers the same weight', () => {
    const buttons = all(
      draw('x'),
      /<button class="([^"]*)" name="decision" value="(\w+)">([^<]*)</g,
    ).map((m) => m.slice(1))
    expect(buttons).toEqual([
      ['btn', 'agree', '同意してはじめる'],
      ['btn', 'refuse', '同意しない'],
    ])
  })

  test('marks each item, and lets only optional ones be chosen', () => {
    const html = draw('x')
    expect(all(html, /data-item="(\w+)"/g).map((m) => m[1])).toEqual([
      'user_id',
      'name',
      'email',
      'birth_year',
      'address',
    ])
    expect(all(html, /<input type="checkbox" name="item" value="(\w+)"/g).map((m) => m[1])).toEqual(
      ['birth_year', 'address'],
    )
  })

  test('has the same evidence whatever the form token is', () => {
    expect(pageHash(draw('one'))).toEqual(pageHash(draw('other')))
  })
})
