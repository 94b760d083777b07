/** A consent text gets a new version: who is asked, what they see, who is told, and from which day (D-12). */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import * as consents from '../../src/consents/actions.ts'
import { offerOf } from '../../src/consents/model.ts'
import { tellOfTexts } from '../../src/consents/text_news.ts'
import { dayOf } from '../../src/input/days.ts'
import * as notices from '../../src/notices/actions.ts'
import * as services from '../../src/services/actions.ts'
import { readTemplates } from '../../src/templates/actions.ts'
import type { Templates } from '../../src/templates/model.ts'
import {
  ALL,
  arrived,
  asksConsent,
  authorizePath,
  goOn,
  tokensFor,
  userinfo,
  withdraw,
} from '../oidc/steps.ts'
import { Browser, type Page } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { textFolder, type TextFolder } from '../support/texts.ts'

let site: Site
let folder: TextFolder
let published: Templates

const DAY = 86_400_000
const dayFrom = (days: number) => dayOf(new Date(Date.now() + days * DAY))
const OLD: [string, string] = [
  'すでに渡った情報の扱いは、{{provider}}へお問い合わせください。',
  'すでに渡った情報は、{{provider}}が30日以内に消します。',
]

beforeAll(async () => {
  site = await openSite()
  published = site.env.templates
  folder = await textFolder()
})
afterEach(() => {
  site.env.templates = published
  site.setNow(undefined)
})
afterAll(async () => {
  await folder.close()
  await site.close()
})

/** Puts a second version of the usual text beside the published ones. */
async function publish(effectiveOn: string, change: 'ask' | 'notice'): Promise<void> {
  await folder.add('city-platform', 2, {
    effectiveOn,
    change,
    reason: { ja: '消すまでの日数を書くため', en: 'To say in how many days it is erased' },
    ja: [OLD],
    en: [
      [
        'For what has already been given, please ask {{provider}}.',
        'What has already been given is erased by {{provider}} within 30 days.',
      ],
    ],
  })
  site.env.templates = await readTemplates(folder.root)
}

type Used = { resident: MadeResident; browser: Browser; service: MadeService; token: string }

async function used(service?: MadeService, language = 'ja'): Promise<Used> {
  const given = service ?? (await makeService(site.env))
  const resident = await makeResident(site.env)
  const browser = new Browser(site.issuer, { 'accept-language': language })
  const tokens = await tokensFor(site, browser, given, resident, { scope: ALL }, ['sex'])
  return { resident, browser, service: given, token: tokens.access }
}

const come = ({ browser, service }: Used, more: Record<string, string> = {}) =>
  browser.open(authorizePath(service, { scope: ALL, ...more }))
const errorOf = (page: Page) => arrived(page)?.get('error')
const changed = (page: Page) =>
  [...page.text.matchAll(/data-section="(\w+)"/g)].map(([, id = '']) => id)
const within = (page: Page, tag: 'ins' | 'del') =>
  [...page.text.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'g'))]
    .map(([, html = '']) => html.replace(/<span class="unseen">.*?<\/span>/g, ''))
    .join('')
const newest = async ({ resident }: Used) =>
  (await site.env
    .db('consents')
    .where({ resident_id: resident.id })
    .orderBy('agreed_at', 'desc')
    .first()) as { template: string; template_version: number; template_hash: Buffer }
const posted = async ({ resident }: Pick<Used, 'resident'>) =>
  (await notices.listed(site.env, resident.id, { limit: 50, offset: 0 })).notices.filter(
    ({ kind }) => kind === 'text_changed',
  )

describe('a version that asks', () => {
  test('is not there before its day, and the screen shows afterwards what is different', async () => {
    const them = await used()
    await publish(dayFrom(2), 'ask')
    expect(arrived(await come(them))?.get('code')).toBeTruthy()

    await publish(dayFrom(-1), 'ask')
    expect(errorOf(await come(them, { prompt: 'none' }))).toBe('consent_required')
    expect((await userinfo(site, them.token)).status).toBe(200)
    const page = await come(them)
    expect(asksConsent(page)).toBe(true)
    expect(page.text).toContain('同意の文面が第1版から第2版に変わりました')
    expect(page.text).toContain('消すまでの日数を書くため')
    expect(changed(page)).toEqual(['note_withdraw'])
    expect(within(page, 'del')).toContain('問い合わせ')
    expect(within(page, 'ins')).toContain('30日以内')
    const links = [...page.text.matchAll(/href="(\/terms\/versions\/[^"]+)"/g)].map((m) => m[1])
    expect(links).toEqual([
      '/terms/versions/city-platform/1/ja',
      '/terms/versions/city-platform/2/ja',
    ])
    for (const link of links)
      expect((await new Browser(site.issuer).request(link ?? '')).status).toBe(200)

    await goOn(them.browser, page, them.resident, ['sex'])
    expect(await newest(them)).toMatchObject({
      template_version: 2,
      template_hash: site.env.templates.version('city-platform', 2).hash.ja,
    })
    expect(arrived(await come(them))?.get('code')).toBeTruthy()
  })

  test('asks from midnight in Tokyo on, to the second', async () => {
    const them = await used()
    const day = dayFrom(30)
    await publish(day, 'ask')
    const reason = async (at: Date) => {
      site.setNow(at)
      const service = await services.byId(site.env, them.service.id)
      if (!service) throw new Error('no service')
      const text = site.env.templates.inForce('city-platform', at)
      const offer = offerOf(service, ['user_id', 'name', 'email', 'sex'], text, at)
      return (await consents.asking(site.env, them.resident, offer)).reason
    }
    const midnight = new Date(`${day}T00:00:00+09:00`)
    expect(await reason(new Date(midnight.getTime() - 1000))).toBeUndefined()
    expect(await reason(midnight)).toBe('terms_changed')
  })

  test('in English shows the difference in English, marked in words too', async () => {
    const them = await used(undefined, 'en')
    await publish(dayFrom(-1), 'ask')
    const page = await come(them)
    expect(within(page, 'ins')).toContain('30 days')
    expect(page.text).toMatch(/<ins><span class="unseen">Put in: <\/span>/)
    expect(page.text).toMatch(/<del><span class="unseen">Taken out: <\/span>/)
  })

  test('another text by contract asks too, with its sections that are new', async () => {
    const them = await used()
    await makeContractVersion(site.env, them.service.contractId, 2, { template: 'municipal' })
    const page = await come(them)
    expect(page.text).toContain('情報提供の同意文面（自治体） 第1版')
    expect(changed(page)).toContain('more_rights')
    expect(page.text).toContain('審査請求')
    await goOn(them.browser, page, them.resident, ['sex'])
    expect(await newest(them)).toMatchObject({ template: 'municipal', template_version: 1 })
  })
})

describe('a version that is told', () => {
  test('asks nobody; who agreed finds a notice from its day on, once, and it stands at the service', async () => {
    const them = await used()
    const again = await used(them.service)
    const gone = await used()
    await withdraw(gone.browser, gone.service)
    const never = { resident: await makeResident(site.env) }
    const day = dayFrom(1)
    await publish(day, 'notice')
    const midnight = new Date(`${day}T00:00:00+09:00`)

    site.setNow(new Date(midnight.getTime() - 1000))
    await tellOfTexts(site.env)
    expect(await posted(them)).toEqual([])
    site.setNow(midnight)
    await Promise.all([tellOfTexts(site.env), tellOfTexts(site.env)])
    await tellOfTexts(site.env)
    for (const one of [them, again]) expect(await posted(one)).toHaveLength(1)
    for (const one of [gone, never]) expect(await posted(one)).toEqual([])
    site.setNow(undefined)

    await publish(dayFrom(-1), 'notice')
    expect(arrived(await come(them))?.get('code')).toBeTruthy()
    expect((await userinfo(site, them.token)).status).toBe(200)
    const [notice] = await posted(them)
    expect(notice).toMatchObject({
      mustRead: false,
      link: '/terms/versions/city-platform/2/changes',
    })
    const page = await them.browser.open('/account/notices')
    expect(page.text).toContain('同意の文面が新しくなりました')
    const own = await them.browser.open(`/account/services/${them.service.id}`)
    expect(own.text).toContain('文面が第2版になりました')
    expect(own.text).toContain('消すまでの日数を書くため')
    const difference = await them.browser.open(notice?.link ?? '')
    expect([difference.status, changed(difference)]).toEqual([200, ['note_withdraw']])
    expect(within(difference, 'ins')).toContain('30日以内')
  })
})
