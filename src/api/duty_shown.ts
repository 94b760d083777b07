/** How a program sees a duty: the shapes of the answers, and the answers. */
import type { Env } from '../env.ts'
import * as duties from '../duties/actions.ts'
import { KINDS, type Act, type Case } from '../duties/model.ts'
import type { CompanyHere } from '../persons.ts'
import { end, exactly, lastDayOf, moment, nullable, text, uuid } from './endpoint.ts'

const list = (items: object) => ({ type: 'array', items })
const side = { enum: ['consortium', 'member'] }

const line = {
  id: uuid,
  number: nullable(text),
  kind: { enum: KINDS },
  state: text,
  receiver: { ...side, description: 'Whom the duty binds.' },
  dueAt: nullable(end.at),
  dueOn: nullable(end.on),
  openedAt: moment,
  closedAt: nullable(moment),
}

const values = {
  type: 'object',
  description: 'Days are YYYY-MM-DD in Asia/Tokyo, moments ISO 8601 in UTC, sums whole numbers.',
  additionalProperties: { anyOf: [text, { type: 'integer' }, list(text)] },
}

const paper = exactly({
  ...{ title: text, to: text, from: text, clause: text },
  facts: list({ type: 'array', items: text, minItems: 2, maxItems: 2 }),
})

const turn = exactly({
  act: text,
  side,
  at: moment,
  values,
  document: nullable(
    exactly({
      number: text,
      kind: text,
      sentAt: moment,
      body: exactly({ ja: paper, en: paper }),
      sha256: {
        ...text,
        description: 'Of number, kind, sentAt and body as canonical JSON (RFC 8785), in hex.',
      },
    }),
  ),
})

const field = exactly({
  name: text,
  kind: { enum: ['line', 'text', 'day', 'moment', 'count', 'yen', 'one', 'many'] },
  required: { type: 'boolean' },
  options: nullable(list(text)),
})

/** One case as a whole. */
export const duty = exactly({
  ...line,
  draft: nullable({ ...values, description: 'Of a leak that was not yet told.' }),
  turns: list(turn),
  acts: list(exactly({ act: text, fields: list(field) })),
})

/** One row of the list. */
export const listedDuty = exactly(line)

type Listed = Pick<
  Case,
  'id' | 'number' | 'kind' | 'state' | 'receiver' | 'dueAt' | 'openedAt' | 'closedAt'
>

export function shown({ id, number, kind, state, receiver, dueAt, openedAt, closedAt }: Listed) {
  return {
    ...{ id, number, kind, state, receiver },
    dueAt: dueAt?.toISOString() ?? null,
    dueOn: dueAt && lastDayOf(dueAt),
    openedAt: openedAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
  }
}

/** A case as a program is handed it, and the note that it was (S-52): first the note, so that no more is noted than given. */
export async function handed(env: Env, { apiClientId }: CompanyHere, of: Case) {
  await duties.handOver(env, of, apiClientId)
  const turns = await duties.turnsOf(env, of)
  const acts = duties.actsOf(await duties.aroundCase(env, of), 'member')
  return {
    ...shown(of),
    draft: of.draft,
    turns: turns.map(turnShown),
    acts: acts.map(([name, { fields }]) => ({ act: name, fields: fields.map(fieldShown) })),
  }
}

function turnShown({ act, side, at, values, document }: duties.Turn) {
  return {
    ...{ act, side, at: at.toISOString(), values },
    document: document
      ? {
          ...{ number: document.number, kind: document.kind },
          ...{ sentAt: document.sentAt.toISOString(), body: document.body, sha256: document.hash },
        }
      : null,
  }
}

const fieldShown = ({ name, kind, must, options }: Act['fields'][number]) => ({
  ...{ name, kind, required: must, options: options ?? null },
})
