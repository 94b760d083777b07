/** The list of cases: searched, filtered, sorted and paged by the database (L1). */
import type { Env } from '../env.ts'
import { likeOf, listView, pageRead, readListing } from '../http/listing.ts'
import type { Link } from '../http/parts.ts'
import type { Ctx } from '../http/state.ts'
import { messages } from '../locales/index.ts'
import type { Area } from '../people/model.ts'
import { KINDS, waitsFor, type Actor } from './model.ts'
import { NOUNS } from './nouns.ts'
import type { ListPage } from './pages.ts'
import * as queries from './queries.ts'
import { beginPath, chipOf, dueOfCase, PATHS } from './shown.ts'

const SORTS = ['due', 'member', 'kind', 'number', 'opened'] as const
const FILTERS = ['late', 'open', ...KINDS] as const

/** @param may whether whoever asks may begin a case of this kind */
export async function listPage(
  env: Env,
  ctx: Ctx,
  asked: {
    area: Area
    actor: Actor
    may: (roles: { operators: readonly string[]; staff: readonly string[] }) => boolean
  },
): Promise<ListPage> {
  const { area, actor } = asked
  const { language } = ctx.state
  const t = messages[language].duties
  const path = PATHS[area]
  const listing = readListing(ctx, { sorts: SORTS, filters: FILTERS })
  const only: 'late' | 'open' | undefined =
    listing.filter === 'late' || listing.filter === 'open' ? listing.filter : undefined
  const now = env.now()
  const filter = {
    like: listing.q ? likeOf(listing.q) : undefined,
    kind: only ? undefined : listing.filter || undefined,
    ...{ only, sort: listing.sort, descending: listing.descending, memberId: actor.memberId, now },
  }
  const shown = await pageRead(listing, (at) => queries.list(env.db, { ...filter, ...at }))
  const late = await queries.lateCount(env.db, { memberId: actor.memberId, now })
  return {
    ...{ area, late },
    list: listView(path, { ...listing, page: shown.page }, shown, SORTS),
    filters: [
      ['late', t.list.late],
      ['open', t.list.open],
      ...KINDS.map((kind): [string, string] => [kind, t.kinds[kind]]),
    ],
    begin: beginnings(area, asked.may, language),
    rows: shown.rows.map((row) => ({
      id: row.id,
      href: `${path}/${row.id}`,
      number: row.number ?? t.list.noNumber,
      kind: t.kinds[row.kind],
      member: area === 'staff' ? t.us : (row.member?.[language] ?? t.us),
      bound: row.receiver === 'consortium' ? t.us : (row.member?.[language] ?? ''),
      state: chipOf(row.state, language),
      due: dueOfCase(row, now, language),
      yours: [actor.side, 'either'].includes(waitsFor(row) ?? ''),
    })),
  }
}

/** What can be begun without another case: an audit begins at its report. */
function beginnings(
  area: Area,
  may: (roles: { operators: readonly string[]; staff: readonly string[] }) => boolean,
  language: 'ja' | 'en',
): Link[] {
  const { acts } = messages[language].duties
  return KINDS.filter((kind) => kind !== 'audit').flatMap((kind) => {
    const { opens, acts: known } = NOUNS[kind]
    const act = known[opens]
    const title = (acts as Record<string, { title: string }>)[`${kind}_${opens}`]?.title
    return act && title && may(act) ? [{ href: beginPath(area, kind), text: title }] : []
  })
}
