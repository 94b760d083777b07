/** The words of a round: begun from what the case says, written in both languages by hand. */
import type { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as incidents from './actions.ts'
import { idOf, typedText, whoIs, type Here } from './asking.ts'
import { PARTS, type Body, type Incident, type Letter } from './model.ts'
import type { EditPage } from './pages.ts'
import * as queries from './queries.ts'
import { letterSchema } from './schema.ts'
import { numberOf, PATH } from './showing.ts'

const edit = page<EditPage>('incidents/edit')

export function wordsRoutes(router: Router<State>, env: Env, guards: Guards): void {
  const officer = guards.operator('privacy_officer')
  router.get(`${PATH}/:id/letter`, officer, (ctx) => showEdit(env, ctx, {}))
  router.post(`${PATH}/:id/letter`, officer, (ctx) => write(env, ctx))
}

async function showEdit(env: Env, ctx: Here, fields: Fields): Promise<void> {
  const incident = await incidents.find(env, idOf(ctx))
  if (incident.state !== 'counted') throw new Refusal('wrong_state')
  const proposal = await incidents.wordsOf(env, incident)
  const open = proposal && !['approved', 'refused', 'withdrawn'].includes(proposal.state)
  const { body } = ctx.state
  const data: EditPage = {
    path: `${PATH}/${incident.id}/letter`,
    backHref: `${PATH}/${incident.id}`,
    number: await numberOf(env, incident),
    hash: body ? typedText(body['hash']) : open ? proposal.hash : '',
    values: body
      ? Object.fromEntries(Object.entries(body).map(([name, value]) => [name, typedText(value)]))
      : valuesOf(
          proposal ? (proposal.body as unknown as Body).letter : await begun(env, ctx, incident),
        ),
    fields,
  }
  edit(ctx, data, Object.keys(fields).length ? { status: 422 } : {})
}

const valuesOf = (letter: Letter): Record<string, string> =>
  Object.fromEntries(
    PARTS.flatMap((part) => [
      [`${part}_ja`, letter.ja[part]],
      [`${part}_en`, letter.en[part]],
    ]),
  )

/** The first draft: what the case says already, the items by name, whom to ask. English is written by hand. */
async function begun(env: Env, ctx: Ctx, incident: Incident): Promise<Letter> {
  const { said } = await incidents.leakOf(env, incident.caseId, whoIs(ctx))
  const text = (name: string) => typedText(said[name])
  const items = await queries.items(env.db)
  const { contact } = env.config.installation
  const of = (language: 'ja' | 'en') => {
    const t = messages[language].incidents
    const names = items.filter(({ id }) => incident.items.includes(id))
    const own = (name: string) => (language === 'ja' ? text(name) : '')
    return {
      overview: own('what'),
      items: names.map((one) => `・${one.names[language]}`.replace('・', t.bullet)).join('\n'),
      cause: own('cause'),
      secondary: own('secondary'),
      other: [own('measures'), own('other')].filter(Boolean).join('\n'),
      contact: t.contact(
        contact.desk[language],
        contact.phone,
        contact.hours[language],
        contact.email,
      ),
    }
  }
  return { ja: of('ja'), en: of('en') }
}

async function write(env: Env, ctx: Here): Promise<void> {
  try {
    const form = readForm(ctx, letterSchema) as unknown as Record<string, string>
    const fields: Fields = {}
    for (const [name, value] of Object.entries(form))
      if (name !== 'hash' && !value.trim()) fields[name] = 'required'
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
    const of = (language: 'ja' | 'en') =>
      Object.fromEntries(
        PARTS.map((part) => [
          part,
          (form[`${part}_${language}`] ?? '').replaceAll('\r\n', '\n').trim(),
        ]),
      ) as Letter['ja']
    const letter = { ja: of('ja'), en: of('en') }
    const asked = { id: idOf(ctx), hash: form['hash'] ?? '', letter, by: whoIs(ctx) }
    await incidents.write(env, asked)
    to(ctx, `${PATH}/${idOf(ctx)}`)
  } catch (error) {
    await showEdit(env, ctx, fieldsIn(error))
  }
}
