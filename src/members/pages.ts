/** What the public list of member companies shows (S-18, S-51): pure, from members to a page in one language. */
import { dayOf } from '../input/days.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import {
  isPublic,
  membership,
  type MemberOfList,
  type MemberStatus,
  type StatusChange,
} from './model.ts'

/** The legal form in front of a Japanese name. */
const LEGAL_FORM =
  /^(?:(?:株式|有限|合同|合資|合名)会社|(?:一般|公益)(?:社団|財団)法人|特定非営利活動法人|社会福祉法人|学校法人|医療法人) ?(?=.)/u

type ListedMember = {
  id: string
  name: string
  /** Without its legal form, for the letter tile. */
  short: string
  status: MemberStatus
  corporateNumber: string
  address: string
  representative: string
  joined: string | undefined
  left: string | undefined
  contact: { desk: string; phone: string; email: string; url: string }
  /** Oldest first. */
  history: { on: string; what: string }[]
}

/** views/members/list.eta */
export type MembersPage = { present: number; asOf: string; members: ListedMember[] }

export function listed(
  all: readonly MemberOfList[],
  { language, at }: { language: Language; at: Date },
): MembersPage {
  const shown = all.filter(isPublic)
  return {
    present: shown.filter(({ member }) => member.status === 'active').length,
    asOf: words(language).dateTime(at),
    members: shown.map((one) => listedMember(one, language)),
  }
}

function listedMember({ member, history }: MemberOfList, language: Language): ListedMember {
  const { date } = words(language)
  const { joined, left } = membership(history)
  const { desk, ...contact } = member.contact
  return {
    id: member.id,
    name: member.names[language],
    short: member.names[language].replace(LEGAL_FORM, ''),
    status: member.status,
    corporateNumber: member.corporateNumber,
    address: member.address[language],
    representative: member.representative[language],
    joined: joined && date(joined),
    left: left && date(left),
    contact: { ...contact, desk: desk[language] },
    history: history.map((change, n) => ({
      on: date(change.at),
      what: turnOf(history, change, n, language),
    })),
  }
}

function turnOf(
  history: readonly StatusChange[],
  change: StatusChange,
  n: number,
  language: Language,
): string {
  const { turns, again } = messages[language].members
  const before = history.slice(0, n).some(({ status }) => status === 'active')
  return change.status === 'active' && before ? again : turns[change.status]
}

/** `/members.json`: the list for programs, which a text may cite and compare (S-18). Days in Asia/Tokyo. */
export function feed(all: readonly MemberOfList[], at: Date) {
  return {
    asOf: at.toISOString(),
    members: all.filter(isPublic).map(({ member, history }) => {
      const { joined, left } = membership(history)
      return {
        corporateNumber: member.corporateNumber,
        name: member.names,
        status: member.status,
        version: member.version,
        joined: joined ? dayOf(joined) : null,
        left: left ? dayOf(left) : null,
        url: member.contact.url,
        history: history.map((change) => ({ status: change.status, on: dayOf(change.at) })),
      }
    }),
  }
}
