/** The list of contracts: those in force and those still being drafted, searched, sorted and paged. */
import type { Env } from '../env.ts'
import { endOfDay, startOfDay } from '../input/days.ts'
import { listView, paged, readListing, type Listing } from '../http/listing.ts'
import type { Ctx } from '../http/state.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import * as contracts from './actions.ts'
import { endingAt, stateOf, turnOf, WARNING_DAYS, type Contract } from './model.ts'
import type { ListPage, ListRow } from './pages.ts'
import * as proposing from './proposing.ts'

const OFFERS = {
  sorts: ['ends', 'number', 'company'],
  filters: ['open', 'in_force', 'ending', 'coming', 'ended'],
} as const

type Entry = ListRow & { ends: number }

/** @param base address of the list; contracts stand below it */
export async function listPage(ctx: Ctx, base: string, mayDraft: boolean): Promise<ListPage> {
  const { env, language } = ctx.state
  const listing = readListing(ctx, OFFERS)
  const entries = await entriesOf(env, language, base)
  const found = entries.filter((entry) => isFound(entry, listing)).toSorted(order(listing))
  const shown = paged(found, listing)
  return { rows: shown.rows, list: listView(base, listing, shown, OFFERS.sorts), mayDraft }
}

async function entriesOf(env: Env, language: Language, base: string): Promise<Entry[]> {
  const [known, open] = [await contracts.list(env), await proposing.open(env)]
  const names = new Map((await members.names(env)).map(({ id, names }) => [id, names[language]]))
  const drafts = open.filter((one) => !known.some(({ id }) => id === one.subjectId))
  return [
    ...known.map((one) => {
      const proposal = open.find(({ subjectId }) => subjectId === one.id)
      const { proposals } = messages[language].contracts
      const row = rowOf(one, { language, at: env.now(), base })
      return { ...row, open: proposal ? proposals[proposal.state] : '' }
    }),
    ...drafts.map((draft) => draftRow(draft, { language, base, names })),
  ]
}

/** A contract as a line of a list, as it stands at this moment. */
export function rowOf(
  contract: Contract,
  { language, at, base }: { language: Language; at: Date; base: string },
): Entry {
  const w = words(language)
  const now = turnOf(contract, at)
  const end = endingAt(contract, at)
  const near = end && end.getTime() - at.getTime() <= WARNING_DAYS[0] * 86400_000
  return {
    href: `${base}/${contract.id}`,
    number: contract.number,
    company: contract.memberNames[language],
    term: messages[language].contracts.term(w.date(now.startsAt), w.lastDay(now.endsAt)),
    state: stateOf(now, at),
    open: '',
    ending: near ? { date: w.lastDay(end), daysLeft: w.daysLeft(end, at) } : undefined,
    ends: now.endsAt.getTime(),
  }
}

type Place = { language: Language; base: string; names: Map<string, string> }

function draftRow(draft: Proposal, { language, base, names }: Place): Entry {
  const asked = proposing.askedIn(draft)
  const w = words(language)
  const c = messages[language].contracts
  return {
    href: `${base}/${draft.subjectId}`,
    number: asked.number,
    company: names.get(draft.memberId ?? '') ?? '',
    term: c.term(w.date(startOfDay(asked.from)), w.lastDay(endOfDay(asked.to))),
    state: 'draft',
    open: c.proposals[draft.state],
    ending: undefined,
    ends: endOfDay(asked.to).getTime(),
  }
}

function isFound(entry: Entry, { q, filter }: Listing<string>): boolean {
  const text = `${entry.number} ${entry.company}`.normalize('NFKC').toLowerCase()
  if (!text.includes(q.toLowerCase())) return false
  if (filter === 'open') return entry.open !== ''
  if (filter === 'ending') return entry.ending !== undefined
  return filter === '' || entry.state === filter
}

function order({ sort, descending }: Listing<string>) {
  const by: Record<string, (a: Entry, b: Entry) => number> = {
    ends: (a, b) => a.ends - b.ends,
    number: (a, b) => a.number.localeCompare(b.number),
    company: (a, b) => a.company.localeCompare(b.company, 'ja'),
  }
  const compare = (a: Entry, b: Entry) =>
    by[sort]?.(a, b) || a.number.localeCompare(b.number) || a.href.localeCompare(b.href)
  return (a: Entry, b: Entry) => (descending ? compare(b, a) : compare(a, b))
}
