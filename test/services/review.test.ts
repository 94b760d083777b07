/** Review of services: item by item, by two persons, on the very version that was seen (A3, J4, J8, F7, F9). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Proposal } from '../../src/reviews/model.ts'
import * as reviews from '../../src/reviews/actions.ts'
import * as review from '../../src/services/review.ts'
import * as services from '../../src/services/actions.ts'
import type { ServiceDraft } from '../../src/services/draft_schema.ts'
import { bodyOfReview, type ItemResult } from '../../src/services/review_model.ts'
import { ALL, introspect, tokensFor, userinfo } from '../oidc/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, type MadeService } from '../support/builders.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { allApproved, allFound, draftOf, handIn, item } from '../support/proposals.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let company: MadeService
let staff: SignedInPerson
let registrar: SignedInPerson
let approver: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  company = await makeService(site.env, {
    required: ['name', 'email'],
    purposes: ['service_delivery', 'contact'],
  })
  staff = await makeStaff(site.env, company.memberId)
  registrar = await makeOperator(site.env, ['registrar'])
  approver = await makeOperator(site.env, ['approver'])
})
afterAll(() => site.close())

const refusal = (reason: string) => expect.objectContaining({ reason }) as unknown

async function submitted(changes: Partial<ServiceDraft> = {}, serviceId?: string) {
  const asked = await draftOf(site.env, company, changes)
  const given = { memberId: company.memberId, by: staff.person, ...(serviceId && { serviceId }) }
  return { asked, proposal: await handIn(site.env, asked, given) }
}

async function examined(
  changes: Partial<ServiceDraft> = {},
  results: Record<string, Partial<ItemResult>> = {},
  serviceId?: string,
) {
  const { asked, proposal } = await submitted(changes, serviceId)
  const seen = { id: proposal.id, hash: proposal.hash, by: registrar.person }
  const given = {
    kind: 'third_party' as const,
    results: allApproved(asked, results),
    clauses: allFound(),
  }
  return { asked, proposal: await review.examine(site.env, seen, given) }
}

const approve = ({ id, hash }: Proposal, by = approver.person) =>
  review.approve(site.env, { id, hash, by })
const made = async (proposal: Proposal) => services.byId(site.env, proposal.subjectId ?? '')

function signedIn(who: SignedInPerson): Browser {
  const browser = new Browser(site.issuer)
  signIn(browser, who)
  return browser
}

describe('two persons', () => {
  test('a second one approves, and only then there is a service, with a client id', async () => {
    const { proposal, asked } = await examined()
    expect(await made(proposal)).toBeUndefined()
    await approve(proposal)
    const now = await made(proposal)
    expect(now?.service.status).toBe('approved')
    expect(now?.service.clientId).toMatch(new RegExp(`^${asked.key}-[0-9a-f]{12}$`))
    expect(now?.version.version).toBe(1)
    const [event] = await site.env
      .db('audit_events')
      .where({ act: 'services.approve', object_id: now?.service.id })
    expect(event.details).toMatchObject({ before: null, version: 1 })
  })

  test.each([
    ['the one who proposed', () => registrar.person],
    ['the one who wrote it', () => staff.person],
  ])('%s may not approve', async (_who, by) => {
    const { proposal } = await examined()
    await expect(approve(proposal, by())).rejects.toEqual(refusal('second_person_needed'))
    expect(await made(proposal)).toBeUndefined()
  })

  test.each([
    ['address', () => ({ email: staff.email.replace('@', '+approve@') })],
    ['name', () => ({ name: ` ${staff.name} ` })],
  ])('nor the author through an operator account with the same %s', async (_what, account) => {
    const second = await makeOperator(site.env, ['approver'], account())
    const { proposal } = await examined()
    await expect(approve(proposal, second.person)).rejects.toEqual(refusal('second_person_needed'))
  })

  test('what was edited meanwhile is not what was seen', async () => {
    const { proposal, asked } = await examined()
    const body = bodyOfReview({ asked: { ...asked, policyUrl: 'https://evil.example/policy' } })
    await reviews.edit(site.env, { id: proposal.id, hash: proposal.hash, by: staff.person, body })
    await expect(approve(proposal)).rejects.toEqual(refusal('changed_meanwhile'))
    expect(await made(proposal)).toBeUndefined()
  })

  test('a logo of another company, or of nobody, is none', async () => {
    const other = await makeService(site.env)
    const row = { sha256: 'c'.repeat(64), member_id: other.memberId, png: Buffer.from('x') }
    await site.env.db('service_logos').insert({ ...row, created_at: site.env.now() })
    const { proposal } = await examined({ logo: row.sha256 })
    await expect(approve(proposal)).rejects.toMatchObject({
      details: { fields: { '/logo': 'logo_unknown' } },
    })
    expect(await made(proposal)).toBeUndefined()
  })

  test('what was not examined cannot be approved, even if somebody stands for it', async () => {
    const { proposal } = await submitted()
    const seen = { id: proposal.id, hash: proposal.hash, by: registrar.person }
    await reviews.propose(site.env, seen)
    await expect(approve(proposal)).rejects.toEqual(refusal('wrong_state'))
  })

  test('of twenty approvals at once one wins, and there is one version', async () => {
    const others = await Promise.all(
      Array.from({ length: 4 }, () => makeOperator(site.env, ['approver'])),
    )
    const { proposal } = await examined()
    const given = Array.from({ length: 20 }, (_, n) =>
      approve(proposal, others[n % 4]?.person ?? approver.person),
    )
    const settled = await Promise.allSettled(given)
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const versions = await site.env.db('service_versions').where({ service_id: proposal.subjectId })
    expect(versions).toHaveLength(1)
  })

  test('a company gives its draft only to operators once it is handed in', async () => {
    const asked = await draftOf(site.env, company)
    const draft = await reviews.draft(site.env, {
      kind: 'service',
      subjectId: site.env.newId(),
      memberId: company.memberId,
      body: bodyOfReview({ asked }),
      by: staff.person,
    })
    await expect(review.need(site.env, draft.id)).rejects.toEqual(refusal('not_found'))
  })
})

describe('the consortium’s own service', () => {
  const own = async (company: MadeService) => {
    const names = { ja: 'まちID散歩', en: 'Machi ID Walks', kana: 'マチアイディーサンポ' }
    const asked = await draftOf(site.env, company, { names })
    const by = await makeStaff(site.env, company.memberId)
    const given = { memberId: company.memberId, by: by.person }
    const proposal = await handIn(site.env, asked, given)
    const seen = { id: proposal.id, hash: proposal.hash, by: registrar.person }
    const examined = { kind: 'own' as const, results: allApproved(asked), clauses: allFound() }
    return { seen, examined }
  }
  const refused = { reason: 'invalid_input', details: { fields: { kind: 'not_own_company' } } }

  test('is its own company’s alone, at the review and at the approval (S-58, F7)', async () => {
    const operating = await makeService(site.env)
    const { seen, examined } = await own(operating)
    await expect(review.examine(site.env, seen, examined)).rejects.toMatchObject(refused)
    const browser = signedIn(registrar)
    const page = await browser.open(`/admin/reviews/${seen.id}`)
    const said = examined.clauses.map(({ clause, place }) => [`place_${clause}`, place] as const)
    const items = Object.keys(examined.results).map((id) => [`result_${id}`, 'approved'] as const)
    const wrong = await browser.submit(
      page,
      [['kind', 'own'], ...said, ...items].map(([name, value]) => [String(name), String(value)]),
      `/admin/reviews/${seen.id}/examine`,
    )
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('href="#kind"')

    const { corporate_number: number } = await site.env
      .db('members')
      .where({ id: operating.memberId })
      .first()
    const { installation } = site.env.config
    const its = {
      ...site.env.config,
      installation: { ...installation, ownCorporateNumber: number },
    }
    const env = { ...site.env, config: its }
    const proposal = await review.examine(env, seen, examined)
    await expect(approve(proposal)).rejects.toMatchObject(refused)
    await review.approve(env, { id: proposal.id, hash: proposal.hash, by: approver.person })
    expect((await made(proposal))?.service.kind).toBe('own')
    const other = await own(company)
    await expect(review.examine(env, other.seen, other.examined)).rejects.toMatchObject(refused)
  })
})

describe('what was given back', () => {
  test('is the company’s: nobody examines it, and nothing of it is approved', async () => {
    const { proposal, asked } = await submitted()
    const seen = { id: proposal.id, hash: proposal.hash, by: registrar.person }
    await review.giveBack(site.env, { ...seen, note: '規約の第5条を直してください' })
    const given = { kind: 'third_party' as const, results: allApproved(asked), clauses: allFound() }
    await expect(review.examine(site.env, seen, given)).rejects.toEqual(refusal('wrong_state'))
    expect((await reviews.find(site.env, proposal.id))?.state).toBe('returned')
  })
})

describe('the result of an item', () => {
  test.each<[string, Record<string, Partial<ItemResult>>, string]>([
    [
      'more purposes than asked',
      { email: { purposes: ['service_delivery', 'contact'] } },
      'results.email',
    ],
    ['required instead of optional', { birth_year: { required: true } }, 'results.birth_year'],
    ['partly, but the same', { email: { result: 'partly', note: 'n' } }, 'results.email'],
    ['denied without a word', { email: { result: 'denied' } }, 'results.email.note'],
    [
      'partly without a purpose',
      { email: { result: 'partly', note: 'n', purposes: [] } },
      'results.email.purposes',
    ],
    ['the user ID denied', { user_id: { result: 'denied', note: 'n' } }, 'results.user_id'],
    ['the user ID counted', { user_id: { bounds: { pullsPerMonth: 1 } } }, 'results.user_id'],
    [
      'words in one language',
      { email: { bounds: { purposeWords: { ja: 'あ', en: '' } } } },
      'results.email.words',
    ],
  ])('%s is refused', async (_what, results, field) => {
    const { asked, proposal } = await submitted()
    const seen = { id: proposal.id, hash: proposal.hash, by: registrar.person }
    const given = {
      kind: 'third_party' as const,
      results: allApproved(asked, results),
      clauses: allFound(),
    }
    const wrong = review.examine(site.env, seen, given)
    await expect(wrong).rejects.toMatchObject({
      reason: 'invalid_input',
      details: { fields: { [field]: expect.anything() } },
    })
    expect((await reviews.find(site.env, proposal.id))?.state).toBe('submitted')
  })

  test('partly and denied items never leave by any path; bounds stand', async () => {
    const words = { ja: 'お知らせだけに使います', en: 'Only to tell you' }
    const { proposal } = await examined(
      {
        items: [
          item('user_id', true),
          item('name', true),
          item('email', true, ['service_delivery', 'contact']),
          item('birth_year', false),
          item('address', false),
        ],
      },
      {
        email: {
          result: 'partly',
          note: '連絡だけ',
          purposes: ['contact'],
          bounds: { pullsPerMonth: 5, purposeWords: words },
        },
        name: { result: 'partly', note: '任意に', purposes: ['service_delivery'], required: false },
        address: { result: 'denied', note: '要りません', purposes: [], required: false },
      },
    )
    await approve(proposal)
    const now = await made(proposal)
    const of = (id: string) => now?.version.items.find((one) => one.item === id)
    expect(now?.version.items.map((one) => one.item)).toEqual([
      'user_id',
      'name',
      'email',
      'birth_year',
    ])
    expect(of('email')).toMatchObject({
      purposes: ['contact'],
      bounds: { pullsPerMonth: 5, purposeWords: words },
    })
    expect(of('name')).toMatchObject({ required: false })
    const [mail] = await site.env.db('service_approvals').where({ proposal_id: proposal.id })
    expect(mail.results.address.result).toBe('denied')
    // What is written to the company stands at its review page, there where the letter leads.
    const told = (await signedIn(staff).open(`/company/services/${proposal.subjectId}/review`)).text
    for (const words of ['連絡だけ', '任意に', '要りません', '一部承認'])
      expect(told).toContain(words)
  })

  test('what was denied is not in userinfo, ID token or introspection of the live service', async () => {
    const service = await makeService(site.env, { required: ['name', 'email'], optional: [] })
    const own = await makeStaff(site.env, service.memberId)
    const contract = await site.env
      .db('contracts')
      .where({ id: service.contractId })
      .first('number')
    const asked = await draftOf(site.env, service, {
      contract: contract.number,
      client: {
        redirectUris: [service.redirectUri],
        authMethod: 'client_secret_basic',
        secretReason: 'いまのサーバーが鍵を使えないため',
      },
      items: [item('user_id', true), item('name', true), item('email', true)],
    })
    const handed = await handIn(site.env, asked, {
      memberId: service.memberId,
      by: own.person,
      serviceId: service.id,
    })
    const results = allApproved(asked, {
      email: { result: 'denied', note: '要りません', purposes: [], required: false },
    })
    const seen = { id: handed.id, hash: handed.hash, by: registrar.person }
    const resident = await makeResident(site.env)
    const browser = new Browser(site.issuer)
    const claims = JSON.stringify({ id_token: { email: null }, userinfo: { email: null } })
    const before = await tokensFor(site, browser, service, resident, {
      scope: 'openid name email',
      claims,
    })
    expect((await userinfo(site, before.access)).text).toContain(resident.email)
    const proposal = await review.examine(site.env, seen, {
      kind: 'third_party',
      results,
      clauses: allFound(),
    })
    await approve(proposal)
    expect((await services.byId(site.env, service.id))?.version.version).toBe(2)
    const after = await userinfo(site, before.access)
    expect(after.text).not.toContain(resident.email)
    expect(after.body['family_name']).toBe('山田')
    const fresh = await tokensFor(site, browser, service, resident, {
      scope: 'openid name',
      claims,
    })
    const told = await introspect(site, service, fresh.access)
    const idToken = Buffer.from(fresh.id.split('.')[1] ?? '', 'base64url').toString()
    for (const text of [told.text, idToken, (await userinfo(site, fresh.access)).text])
      expect(text).not.toContain(resident.email)
    expect(ALL).toContain('email')
  })
})

describe('the rules of today', () => {
  test('an item that left the contract since the draft is refused at approval, and nothing is written', async () => {
    const other = await makeService(site.env, { required: ['name', 'email'], optional: [] })
    const own = await makeStaff(site.env, other.memberId)
    const asked = await draftOf(site.env, other, {
      items: [item('user_id', true), item('email', true)],
    })
    const handed = await handIn(site.env, asked, { memberId: other.memberId, by: own.person })
    const seen = { id: handed.id, hash: handed.hash, by: registrar.person }
    const proposal = await review.examine(site.env, seen, {
      kind: 'third_party',
      results: allApproved(asked),
      clauses: allFound(),
    })
    const { makeContractVersion } = await import('../support/builders.ts')
    await makeContractVersion(site.env, other.contractId, 2, { flowItems: ['user_id', 'name'] })
    await expect(approve(proposal)).rejects.toMatchObject({
      reason: 'invalid_input',
      details: { fields: { '/items/1': 'item_over_ceiling' } },
    })
    expect(await made(proposal)).toBeUndefined()
    expect((await reviews.find(site.env, proposal.id))?.state).toBe('proposed')
  })

  test('two companies cannot be given the same service, nor one an ended one', async () => {
    const { proposal } = await examined()
    await approve(proposal)
    await site.env.db('services').where({ id: proposal.subjectId }).update({ status: 'ended' })
    const next = await examined({}, {}, proposal.subjectId ?? '')
    await expect(approve(next.proposal)).rejects.toEqual(refusal('wrong_state'))
  })
})

describe('the page', () => {
  const NASTY = ['<img src=x onerror=alert(1)>', '{{7*7}}', '${7*7}', '<%= 7*7 %>']

  const console_ = signedIn

  test('shows what the company wrote literally (F9), its look-alike name, ceiling and difference', async () => {
    const reasons = { ja: NASTY.join(' '), en: NASTY.join(' ') }
    const { proposal } = await submitted({
      items: [item('user_id', true), { ...item('email', true), reasons }],
    })
    const page = await console_(registrar).open(`/admin/reviews/${proposal.id}`)
    expect(page.status).toBe(200)
    expect(page.text).toContain(
      '&lt;img src=x onerror=alert(1)&gt; {{7*7}} ${7*7} &lt;%= 7*7 %&gt;',
    )
    expect(page.text).not.toContain('<img src=x')
  })

  test('a name like another service’s is shown to both persons, and cannot be approved (F7)', async () => {
    const name = 'ひろば図書館'
    const { proposal } = await examined({
      names: { ja: name, en: 'Square Library', kana: 'ヒロバ' },
    })
    await makeService(site.env, { name: `${name} ` })
    const two = console_(approver)
    const page = await two.open(`/admin/reviews/${proposal.id}`)
    expect(page.text).toContain('見分けにくい名前です')
    const pressed = await two.submit(page, {}, `/admin/reviews/${proposal.id}/approve`)
    expect(pressed.status).toBe(422)
    expect(await made(proposal)).toBeUndefined()
  })

  test('examined and approved by hand in two browsers, with step-up behind it', async () => {
    const { proposal, asked } = await submitted({}, undefined)
    const early = await console_(approver).open(`/admin/reviews/${proposal.id}`)
    expect(early.text).toMatch(/<td data-label="確かめた場所">記載なし<\/td>/)
    const one = console_(registrar)
    const form = await one.open(`/admin/reviews/${proposal.id}`)
    const fields: [string, string][] = asked.items.flatMap((each) => [
      [`result_${each.item}`, each.item === 'email' ? 'partly' : 'approved'] as [string, string],
      ...(each.item === 'email'
        ? ([
            [`note_email`, '任意にしてください'],
            ['purposes_email', 'service_delivery'],
            ['need_email', 'optional'],
            ['pulls_email', '３'],
            ['life_email', '30'],
          ] as [string, string][])
        : []),
    ])
    for (const clause of allFound())
      fields.push([`place_${clause.clause}`, clause.place], [`found_${clause.clause}`, '1'])
    const wrong = await one.submit(
      form,
      [
        ['kind', 'third_party'],
        ['result_email', 'partly'],
      ],
      `/admin/reviews/${proposal.id}/examine`,
    )
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('id="errors"')
    const sent = await one.submit(
      form,
      [['kind', 'third_party'], ...fields],
      `/admin/reviews/${proposal.id}/examine`,
    )
    expect((await one.follow(sent)).text).toContain('2人目の承認にまわしました')
    expect((await one.open(`/admin/reviews/${proposal.id}`)).text).not.toContain(
      `formaction="/admin/reviews/${proposal.id}/approve"`,
    )
    const two = console_(approver)
    const seen = await two.open(`/admin/reviews/${proposal.id}`)
    expect(seen.text).toContain('1か月に3回まで')
    expect(seen.text).toContain('決まった文が出ます：このサービスの一部が使えないことがあります')
    const done = await two.submit(seen, {}, `/admin/reviews/${proposal.id}/approve`)
    expect((await two.follow(done)).text).toContain('承認しました')
    const now = await made(proposal)
    expect(now?.version.items.find((each) => each.item === 'email')).toMatchObject({
      required: false,
      bounds: { pullsPerMonth: 3, lifeDays: 30 },
      // The company wrote of it as required: that the service does not work without it.
      effects: {
        ja: 'このサービスの一部が使えないことがあります',
        en: 'Parts of this service may not work',
      },
    })
    expect((await two.open(`/admin/services/${proposal.subjectId}`)).text).toContain(
      '1か月に3回まで',
    )
    expect((await two.open('/admin/services?q=散歩')).text).toContain(asked.names.ja)
    expect((await two.open('/admin/catalogue')).text).toContain('birthdate')
  })

  test('says how many are asked again, and why, and marks what is new', async () => {
    const service = await makeService(site.env, {
      required: ['name'],
      optional: [],
      flowItems: ['user_id', 'name', 'sex'],
    })
    const own = await makeStaff(site.env, service.memberId)
    for (let n = 0; n < 2; n++)
      await tokensFor(site, new Browser(site.issuer), service, await makeResident(site.env), {
        scope: 'openid name',
      })
    const asked = await draftOf(site.env, service, {
      items: [item('user_id', true), item('name', true), item('sex', true)],
    })
    const proposal = await handIn(site.env, asked, {
      memberId: service.memberId,
      by: own.person,
      serviceId: service.id,
    })
    const page = await console_(registrar).open(`/admin/reviews/${proposal.id}`)
    expect(page.text).toContain('利用中の2人に、もう一度同意をうかがいます')
    expect(page.text).toContain('新しい項目が加わるため')
    expect(page.text).toMatch(/性別 <span class="chip chip-new">追加<\/span>/)
    const same = await draftOf(site.env, service, {
      items: [item('user_id', true), item('name', true)],
    })
    const calm = await handIn(site.env, same, {
      memberId: service.memberId,
      by: own.person,
      serviceId: service.id,
    })
    expect((await console_(registrar).open(`/admin/reviews/${calm.id}`)).text).toContain(
      '同意をうかがい直す人はいません',
    )
  })

  test('nothing of a first version is approved unseen: addresses, names, papers, logo', async () => {
    const logo = 'd'.repeat(64)
    const row = { sha256: logo, member_id: company.memberId, png: Buffer.from('png') }
    await site.env.db('service_logos').insert({ ...row, created_at: site.env.now() })
    const client = {
      redirectUris: ['https://seen.company.example/callback'],
      landingOrigins: ['https://landing.company.example'],
      authMethod: 'client_secret_basic' as const,
      secretReason: 'いまのサーバーが鍵を使えないため',
    }
    const { proposal, asked } = await examined({ logo, client })
    for (const person of [registrar, approver]) {
      const browser = console_(person)
      const { text } = await browser.open(`/admin/reviews/${proposal.id}`)
      const told = [...client.redirectUris, ...client.landingOrigins, client.secretReason]
      for (const one of [...told, asked.policyUrl, asked.policySha256, asked.names.kana])
        expect(text).toContain(one)
      expect(text).toContain(`src="/admin/logos/${logo}.png"`)
      expect((await browser.open(`/admin/logos/${logo}.png`)).status).toBe(200)
    }
    const nobody = await new Browser(site.issuer).request(`/admin/logos/${logo}.png`)
    expect(nobody.status).toBe(303)
  })

  test('given back with a reason, the company is told; without one nothing happens', async () => {
    const { proposal, asked } = await submitted()
    const browser = console_(registrar)
    const page = await browser.open(`/admin/reviews/${proposal.id}`)
    const empty = await browser.submit(page, { note: '' }, `/admin/reviews/${proposal.id}/return`)
    expect(empty.status).toBe(422)
    const sent = await browser.submit(
      page,
      { note: '規約の第5条を直してください' },
      `/admin/reviews/${proposal.id}/return`,
    )
    expect(sent.text).toContain('補正を求めました')
    expect((await reviews.find(site.env, proposal.id))?.state).toBe('returned')
    await queueIsEmpty(site.env)
    const told = (await mailsTo(site.env, staff.email)).find(({ subject }) =>
      subject.includes(asked.names.ja),
    )
    expect(told?.subject).toContain('直していただきたいところがあります')
    expect(told?.text).toContain('規約の第5条を直してください')
  })

  test('another kind of proposal, another id and a draft are not found', async () => {
    const browser = console_(registrar)
    for (const id of ['x', site.env.newId()])
      expect((await browser.open(`/admin/reviews/${id}`)).status).toBe(404)
  })
})
