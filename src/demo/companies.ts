/** The companies of the demo as an onboarding file: three companies, five services in different states. */
import { dayOf } from '../input/days.ts'
import * as offers from './offers.ts'

/** The calendar year in Asia/Tokyo. */
export function yearAt(now: Date): number {
  return Number(dayOf(now).slice(0, 4))
}

type Term = { from: string; to: string }

/** From the last 1 April (the Japanese fiscal year) for two years. */
export function termAt(now: Date): Term {
  const [year = 0, month = 0] = dayOf(now).split('-').map(Number)
  const first = month >= 4 ? year : year - 1
  return { from: `${first}-04-01`, to: `${first + 2}-03-31` }
}

/** S-10: what the contracts of the demo say; one flow, from the consortium to the company. */
function contract(
  number: string,
  term: Term,
  subjectType: 'public' | 'pairwise',
  template?: string,
) {
  return {
    number,
    ...term,
    subjectType,
    offlineAccess: true,
    ...(template && { template }),
    dataContent: '提供項目一覧にある登録情報のうち、サービスごとに承認した項目。',
    delivery: 'OpenID Connect による、利用者の同意ごとの提供。',
    rights: '登録情報についての権利は利用者に属し、提供によって移らない。',
    confidentiality: '受け取った情報は目的の範囲だけで使い、書面の承認なくほかへ渡さない。',
    responsibility: '受け取った後の取扱いと利用者への対応は、受け取った側が責任をもつ。',
    flows: [
      {
        giver: 'consortium',
        receiver: 'member',
        items: ['user_id', 'name', 'birth_year', 'sex', 'email', 'address'],
        purposes: ['service_delivery', 'service_improvement', 'contact'],
        delivery: 'OpenID Connect',
      },
    ],
  }
}

const both = (ja: string, en: string) => ({ ja, en })

/** Corporate numbers of an office that does not exist, with a right check digit. */
export const CORPORATE_NUMBERS = ['8999999999901', '7999999999902', '6999999999903'] as const

/**
 * @param port of the issuer: the services' addresses follow it
 * @returns the file, to be read by `services.onboard`
 */
export function onboardingFile(now: Date, port: number) {
  const term = termAt(now)
  const member = { status: 'active', statusSince: term.from }
  return {
    format: 'machi-id/onboarding/1',
    members: [
      {
        ...member,
        corporateNumber: CORPORATE_NUMBERS[0],
        names: both('株式会社まちなか交通', 'Machinaka Transit Inc.'),
        address: both('あおば県あおば市中央区駅前2-1', '2-1 Ekimae, Chuo-ku, Aoba City'),
        representative: both('代表取締役 路線 渡', 'Wataru Rosen, President'),
        contact: {
          desk: both('まちなか交通 お客様窓口', 'Machinaka Transit customer desk'),
          phone: '00-1111-0001',
          email: 'desk@machinaka.example',
          url: 'https://machinaka.example/',
        },
        contracts: [contract('AOBA-001', term, 'public')],
        services: [offers.machinaka(port), offers.norimono(port)],
      },
      {
        ...member,
        corporateNumber: CORPORATE_NUMBERS[1],
        names: both('一般財団法人ひろば文庫', 'Hiroba Library Foundation'),
        address: both('あおば県あおば市若葉区公園通5-3', '5-3 Koendori, Wakaba-ku, Aoba City'),
        representative: both('理事長 本田 栞', 'Shiori Honda, Chair'),
        contact: {
          desk: both('ひろば文庫 利用相談', 'Hiroba Library reader support'),
          phone: '00-1111-0002',
          email: 'desk@tosho.example',
          url: 'https://tosho.example/',
        },
        // A library of the city, run for it: public work, so the text for municipalities.
        contracts: [contract('AOBA-002', term, 'pairwise', 'municipal')],
        services: [offers.tosho(port)],
      },
      {
        ...member,
        corporateNumber: CORPORATE_NUMBERS[2],
        names: both('合同会社あしあと', 'Ashiato LLC'),
        address: both('あおば県あおば市湯本区坂下1-8', '1-8 Sakashita, Yumoto-ku, Aoba City'),
        representative: both('代表社員 歩 巡', 'Meguru Ayumi, Managing member'),
        contact: {
          desk: both('あしあと お問い合わせ', 'Ashiato contact'),
          phone: '00-1111-0003',
          email: 'desk@ashiato.example',
          url: 'https://ashiato.example/',
        },
        contracts: [contract('AOBA-003', term, 'public')],
        services: [offers.aruku(port), offers.yumeguri(port)],
      },
    ],
  }
}
