/** A company joins by the pages: applies, corrects, is proposed by one operator and approved by another (M1, A3, J4). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Browser, hidden, type Page } from '../support/browser.ts'
import { markDemo, makeService } from '../support/builders.ts'
import { linkIn, mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { filled } from './company.ts'

let site: Site
let registrar: SignedInPerson
let approver: SignedInPerson
let auditor: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  await markDemo(site.env)
  registrar = await makeOperator(site.env, ['registrar'])
  approver = await makeOperator(site.env, ['approver'])
  auditor = await makeOperator(site.env, ['auditor'])
})
afterAll(() => site.close())

const stranger = () => new Browser(site.issuer)
function at(person: SignedInPerson): Browser {
  const browser = new Browser(site.issuer)
  signIn(browser, person)
  return browser
}

async function send(fields: Record<string, string>, browser = stranger()): Promise<Page> {
  return browser.submit(await browser.open('/company/apply'), fields)
}

async function rows(): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const table of [
    'members',
    'member_versions',
    'proposals',
    'proposal_turns',
    'staff',
    'member_application_links',
  ])
    found[table] = Number((await site.env.db(table).count())[0]?.['count'])
  return found
}

/** The proposal of a company's application. */
async function proposalOf(
  corporate: string,
): Promise<{ id: string; subject_id: string; state: string }> {
  const { rows: found } = await site.env.db.raw(
    `select p.* from proposals p join proposal_revisions r on r.proposal_id = p.id
     where r.body -> 'application' ->> 'corporateNumber' = ? order by r.revision desc limit 1`,
    [corporate],
  )
  return found[0]
}

/** Posts one step of the review page with the hash that was seen there. */
async function step(
  person: SignedInPerson,
  id: string,
  name: string,
  fields: Record<string, string> = {},
  hash?: string,
) {
  const browser = at(person)
  const page = await browser.open(`/admin/applications/${id}`)
  expect(page.status).toBe(200)
  const seen = hash ?? /name="hash" value="([0-9a-f]{64})"/.exec(page.text)?.[1] ?? ''
  // Any form of this browser has it, so that what refuses below is never the missing token.
  const csrf = hidden(await browser.open('/company/apply'))['csrf'] ?? ''
  return browser.follow(
    await browser.post(`/admin/applications/${id}/${name}`, { csrf, hash: seen, ...fields }),
  )
}

async function hashOf(id: string): Promise<string> {
  const { rows: found } = await site.env.db.raw(
    `select encode(r.body_hash, 'hex') as hash from proposals p
     join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision where p.id = ?`,
    [id],
  )
  return found[0].hash
}

describe('a company joins', () => {
  const fields = filled()
  const manager = fields['manager_email'] ?? ''
  let id: string
  let company: Browser

  test('it applies without an account and gets a number and a link', async () => {
    const page = await send(fields)
    expect(page.status).toBe(200)
    expect(page.text).toMatch(/K-[0-9A-F]{8}/)
    const proposal = await proposalOf(fields['corporate_number'] ?? '')
    expect(proposal.state).toBe('submitted')
    id = proposal.id
    expect(await site.env.db('members').where({ id: proposal.subject_id })).toEqual([])
    expect(await site.env.db('staff').where({ email: manager })).toEqual([])
  })

  test('the link gives its secret to a cookie and shows where the application stands', async () => {
    const link = linkIn((await mailsTo(site.env, manager)).at(-1))
    company = stranger()
    const page = await company.open(link)
    expect(page.url).toBe(`${site.issuer}/company/apply/state`)
    expect(page.text).toContain('審査中')
    expect([...company.jar.keys()].some((key) => key.includes('/company/apply'))).toBe(true)
    expect((await stranger().open('/company/apply/state')).status).toBe(410)
    expect((await stranger().open(`/company/apply/open/${'x'.repeat(43)}`)).status).toBe(410)
  })

  test('an operator gives it back, the company corrects it', async () => {
    const without = await step(registrar, id, 'return')
    expect(without.status).toBe(422)
    await step(registrar, id, 'return', { note: '登記のとおりの所在地をお願いします。' })
    const mails = await mailsTo(site.env, manager, 2)
    const page = await company.open(linkIn(mails.at(-1)))
    expect(page.text).toContain('登記のとおりの所在地をお願いします。')
    const form = await company.open('/company/apply/correct')
    expect(form.text).toContain(fields['name_ja'])
    const wrong = await company.submit(form, { ...fields, address_ja: 'x\u202Ey' })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('見えない文字')
    const csrf = hidden(form)['csrf'] ?? ''
    const old = { ...fields, csrf, hash: '0'.repeat(64) }
    const stale = await company.post('/company/apply/correct', old)
    expect(stale.status).toBe(409)
    const sent = await company.submit(form, { ...fields, address_ja: 'あおば市北区9-9' })
    expect(sent.text).toContain('審査中')
    expect((await proposalOf(fields['corporate_number'] ?? '')).state).toBe('submitted')
  })

  test('the one who proposes cannot approve; an auditor decides nothing; a stale hash approves nothing', async () => {
    const before = await hashOf(id)
    const both = await makeOperator(site.env, ['registrar', 'approver'])
    expect((await step(auditor, id, 'propose', {}, before)).status).toBe(403)
    expect((await step(approver, id, 'propose', {}, before)).status).toBe(403)
    expect((await step(approver, id, 'approve', {}, before)).status).toBe(409)
    expect((await step(both, id, 'propose', {}, before)).status).toBe(200)
    const self = await step(both, id, 'approve', {}, before)
    expect(self.status).toBe(403)
    // The same person behind another account.
    const twin = await makeOperator(site.env, ['approver'], { name: both.name })
    expect((await step(twin, id, 'approve', {}, before)).status).toBe(403)
    // The applicant's own account at the console.
    const friend = await makeOperator(site.env, ['approver'], {
      name: fields['manager_name'] ?? '',
    })
    expect((await step(friend, id, 'approve', {}, before)).status).toBe(403)
    expect((await step(approver, id, 'approve', {}, 'f'.repeat(64))).status).toBe(409)
    expect((await step(registrar, id, 'approve', {}, before)).status).toBe(403)
    expect(await site.env.db('member_versions').count()).toEqual([{ count: '0' }])
  })

  test('a second person approves; of five at once one does; the first manager is invited', async () => {
    const hash = await hashOf(id)
    const hands = await Promise.all([1, 2, 3, 4, 5].map(() => makeOperator(site.env, ['approver'])))
    const answers = await Promise.all(hands.map((hand) => step(hand, id, 'approve', {}, hash)))
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      200, 409, 409, 409, 409,
    ])
    const { subject_id } = await proposalOf(fields['corporate_number'] ?? '')
    const member = await site.env.db('members').where({ id: subject_id }).first()
    expect(member).toMatchObject({
      status: 'approved',
      corporate_number: fields['corporate_number'],
    })
    const versions = await site.env.db('member_versions').where({ member_id: subject_id })
    expect(versions).toHaveLength(1)
    expect(versions[0].body).toMatchObject({
      address: { ja: 'あおば市北区9-9' },
      kana: 'ホシゾラデンキ',
    })
    const turns = await site.env
      .db('member_status_changes')
      .where({ member_id: subject_id })
      .orderBy('at')
    expect(turns.map(({ status }) => status)).toEqual(['applied', 'approved'])
    const staff = await site.env.db('staff').where({ member_id: subject_id })
    expect(staff).toMatchObject([{ email: manager, role: 'manager', password_hash: null }])
    await queueIsEmpty(site.env)
    const [approved] = await mailsTo(site.env, manager, 1, '承認されました')
    expect(linkIn(approved)).toContain('/company/invitation')
    for (const told of [
      `K-${id.slice(0, 8).toUpperCase()}`,
      fields['name_ja'],
      'ほかの担当者を招き',
    ])
      expect(approved?.text).toContain(told)
    expect(approved?.text).not.toContain('これまでのサインインの方法')
    expect(await mailsTo(site.env, manager, 3)).toHaveLength(3)
    const acts = await site.env.db('audit_events').where({ object_id: subject_id })
    expect(acts.find(({ act }) => act === 'members.admit')).toMatchObject({
      actor_kind: 'operator',
    })
    expect((await stranger().open('/members')).text).not.toContain(fields['name_ja'])
  })

  test('the console lists it, with its page', async () => {
    const browser = at(auditor)
    const list = await browser.open(
      '/admin/members?q=' + encodeURIComponent(fields['name_ja'] ?? ''),
    )
    expect(list.text).toContain(fields['corporate_number'])
    const { subject_id } = await proposalOf(fields['corporate_number'] ?? '')
    const one = await browser.open(`/admin/members/${subject_id}`)
    expect(one.status).toBe(200)
    expect(one.text).toContain('承認済み')
    expect(one.text).toContain(manager)
    for (const odd of ["'", '%', '_', '\\', '*', '<script>'])
      expect(
        (await browser.open(`/admin/members?q=${encodeURIComponent(odd)}&sort=id;--`)).status,
      ).toBe(200)
    expect((await browser.open('/admin/members/not-an-id')).status).toBe(404)
    expect((await browser.open('/admin/applications/not-an-id')).status).toBe(404)
  })
})

describe('what an application may not hold', () => {
  const bad: [field: string, value: string, words: string][] = [
    ['corporate_number', '1234567890123', '検査用の数字'],
    ['corporate_number', '', '入力してください'],
    ['name_ja', '安全\u202E社', '見えない文字'],
    ['name_ja', '安全\u200B社', '見えない文字'],
    ['name_ja', 'Аоба株式会社', '日本語とラテン文字'],
    ['name_ja', 'あ'.repeat(41), '40文字まで'],
    ['name_ja', 'まちID公式', '公式と受け取られる'],
    ['name_ja', 'あおば市', '公式と受け取られる'],
    ['name_kana', 'abc', 'カタカナ'],
    ['address_ja', '住所 123456789018', '個人番号'],
    ['phone', 'javascript:alert(1)', '電話番号は'],
    ['email', 'desk@@example.com', 'メールアドレスの形'],
    ['email', 'a@example.com\r\nBcc: x@example.com', 'メールアドレスの形'],
    ['url', 'javascript:alert(1)', 'アドレス'],
    ['url', 'http://hoshizora.example.com/', 'https で始まる'],
    ['manager_email', '', '入力してください'],
    ['representative_ja', 'x'.repeat(101), '長すぎます'],
    ['q_officer', '', '1つ選んで'],
    ['q_officer', 'may', '1つ選んで'],
    ['q_rules', 'maybe', '1つ選んで'],
    ['n_retention', '', '内容を入力'],
    ['n_rules', 'x'.repeat(501), '長すぎます'],
  ]

  test.each(bad)(
    '%s = %j is told at its field, with nothing stored',
    async (field, value, words) => {
      const before = await rows()
      const page = await send(filled({ [field]: value }))
      expect(page.status).toBe(422)
      expect(page.text).toContain(words)
      expect(page.text).toContain(`href="#${field}"`)
      expect(await rows()).toEqual(before)
    },
  )

  test.each(['status', 'role', 'approved_by', 'memberId', 'state'])(
    'a field %s of another kind is refused',
    async (name) => {
      const before = await rows()
      const browser = stranger()
      const page = await browser.submit(await browser.open('/company/apply'), [
        ...Object.entries(filled()),
        [name, 'active'],
      ])
      expect(page.status).toBe(422)
      expect(await rows()).toEqual(before)
    },
  )

  test('names of the prototype reach nothing', async () => {
    const fields = filled()
    const browser = stranger()
    await browser.submit(await browser.open('/company/apply'), [
      ...Object.entries(fields),
      ['__proto__', 'polluted'],
      ['constructor', 'polluted'],
    ])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    const { rows: found } = await site.env.db.raw(
      `select r.canonical from proposal_revisions r where r.canonical like '%polluted%'`,
    )
    expect(found).toEqual([])
  })

  test('a field given twice is refused', async () => {
    const before = await rows()
    const browser = stranger()
    const page = await browser.submit(await browser.open('/company/apply'), [
      ...Object.entries(filled()),
      ['name_ja', 'もう一つの株式会社'],
    ])
    expect(page.status).toBe(422)
    expect(await rows()).toEqual(before)
  })

  test('a no is explained', async () => {
    const page = await send(filled({ q_rules: 'no', n_rules: '' }))
    expect(page.status).toBe(422)
    expect(page.text).toContain('href="#n_rules"')
  })

  test('a name that looks like another company, or like its service, is refused', async () => {
    const made = await makeService(site.env, { name: 'ゆうやけ堂' })
    const { body } = await site.env
      .db('member_versions')
      .where({ member_id: made.memberId })
      .first()
    const alike = (body.names.ja as string)
      .replace('株式会社', '株式會社')
      .replace('株式會社', '株式 会社')
    expect((await send(filled({ name_ja: alike }))).text).toContain('見分けがつきません')
    expect((await send(filled({ name_ja: 'ゆうやけ 堂' }))).text).toContain('見分けがつきません')
  })

  test('a number on the public list is told', async () => {
    const made = await makeService(site.env)
    const number = '7000012050002'
    await site.env.db('members').where({ id: made.memberId }).update({ corporate_number: number })
    const page = await send(filled({ corporate_number: number }))
    expect(page.status).toBe(422)
    expect(page.text).toContain('すでに加盟企業の一覧に')
  })

  test('two applications of one number: the second is seen by the operators and cannot be approved', async () => {
    const first = filled()
    const number = first['corporate_number'] ?? ''
    await send(first)
    const one = await proposalOf(number)
    const second = filled({ corporate_number: number })
    await send(second)
    const { rows: found } = await site.env.db.raw(
      `select p.id from proposals p join proposal_revisions r on r.proposal_id = p.id
       where r.body -> 'application' ->> 'corporateNumber' = ?`,
      [number],
    )
    const other = (found as { id: string }[]).find(({ id }) => id !== one.id)?.id ?? ''
    expect((await at(registrar).open(`/admin/applications/${other}`)).text).toContain(
      '同じ法人番号の申込みが',
    )
    for (const id of [one.id, other])
      expect((await step(registrar, id, 'propose')).status).toBe(200)
    expect((await step(approver, one.id, 'approve')).status).toBe(200)
    const refused = await step(approver, other, 'approve')
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('すでに登録されています')
    expect(await site.env.db('members').where({ corporate_number: number })).toHaveLength(1)
  })
})

describe('the end of an application', () => {
  test('it is refused with reasons, which the applicant reads', async () => {
    const fields = filled()
    await send(fields)
    const { id } = await proposalOf(fields['corporate_number'] ?? '')
    expect((await step(registrar, id, 'refuse', { note: '  ' })).status).toBe(422)
    expect(
      (await step(registrar, id, 'refuse', { note: '安全管理が十分ではありません。' })).status,
    ).toBe(200)
    const [mail] = await mailsTo(site.env, fields['manager_email'] ?? '', 1, 'お受けできません')
    const number = `K-${id.slice(0, 8).toUpperCase()}`
    for (const told of ['安全管理が十分ではありません。', number, fields['name_ja']])
      expect(mail?.text).toContain(told)
    expect((await step(registrar, id, 'propose', {}, await hashOf(id))).status).toBe(409)
  })

  test('the applicant takes it back', async () => {
    const fields = filled()
    await send(fields)
    const browser = stranger()
    const page = await browser.open(
      linkIn((await mailsTo(site.env, fields['manager_email'] ?? '')).at(-1)),
    )
    const gone = await browser.submit(page, {}, '/company/apply/withdraw')
    expect(gone.text).toContain('取り下げ済み')
    expect((await proposalOf(fields['corporate_number'] ?? '')).state).toBe('withdrawn')
    expect((await browser.open('/company/apply/correct')).text).toContain('取り下げ済み')
  })

  test('the link ends after thirty days', async () => {
    const fields = filled()
    await send(fields)
    const link = linkIn((await mailsTo(site.env, fields['manager_email'] ?? '')).at(-1))
    await site.env
      .db('member_application_links')
      .update({ expires_at: new Date(Date.now() - 1000) })
    expect((await stranger().open(link)).status).toBe(410)
  })

  test('from one address so many come in an hour', async () => {
    await site.env.db('rate_limits').delete()
    const answers: number[] = []
    for (let n = 0; n < 22; n++) answers.push((await send(filled())).status)
    expect(answers.filter((status) => status === 200)).toHaveLength(20)
    expect(answers.slice(-2)).toEqual([429, 429])
  })
})
