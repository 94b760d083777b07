/**
 * The people of the demo: published constants, the same in every demo, refused in production.
 * All of them are invented; the postcodes are real, so that the check of addresses has something to check.
 */
import type { Language, Messages } from '../locales/index.ts'
import type { OperatorRole } from '../persons.ts'
import type { Typed } from '../residents/model.ts'

export type DemoResident = {
  email: string
  password: string
  language: Language
  /** Whether the sign-up consent to provision was given (S-07). */
  provision: boolean
  profile: Typed
  /** What this person is good for in a demonstration. */
  note: keyof Messages['demo']['notes']
}

/** Eight residents. The first is complete. `year` is this calendar year. */
export function residentsOf(year: number): DemoResident[] {
  const given = { language: 'ja', provision: true } as const
  return [
    {
      ...given,
      email: 'hanako@demo.example',
      password: 'Hanako-Demo-Aozora-27',
      note: 'complete',
      profile: {
        family_name: '山田',
        given_name: '花子',
        family_name_kana: 'ヤマダ',
        given_name_kana: 'ハナコ',
        birth_year: '1988',
        sex: 'female',
        postal_code: '9800811',
        region: '宮城県',
        locality: '仙台市青葉区',
      },
    },
    {
      ...given,
      email: 'minimal@demo.example',
      password: 'Tada-Mail-Dake-no-Hito-41',
      note: 'minimal',
      profile: {},
    },
    {
      ...given,
      email: 'ken@demo.example',
      password: 'Ken-Demo-Mizuumi-83-kaze',
      note: 'no_sex',
      profile: {
        family_name: '小鳥遊',
        given_name: '健',
        family_name_kana: 'タカナシ',
        given_name_kana: 'ケン',
        birth_year: '1975',
        postal_code: '0600001',
        region: '北海道',
        locality: '札幌市中央区',
      },
    },
    {
      ...given,
      email: 'mei@demo.example',
      password: 'Mei-Demo-Kikyuu-16-sora',
      note: 'minor',
      profile: {
        family_name: '若葉',
        given_name: '芽衣',
        family_name_kana: 'ワカバ',
        given_name_kana: 'メイ',
        birth_year: String(year - 17),
        sex: 'female',
      },
    },
    {
      ...given,
      email: 'an.nguyen@demo.example',
      password: 'An-Demo-Lantern-55-river',
      language: 'en',
      note: 'english',
      profile: {
        family_name: 'Nguyễn',
        given_name: 'Văn An',
        family_name_kana: 'グエン',
        given_name_kana: 'ヴァン アン',
        birth_year: '1996',
        sex: 'male',
        postal_code: '1000001',
        region: '東京都',
        locality: '千代田区',
      },
    },
    {
      ...given,
      email: 'john@demo.example',
      password: 'John-Demo-Harmonica-62',
      note: 'katakana',
      profile: {
        family_name: 'スミス',
        given_name: 'ジョン',
        family_name_kana: 'スミス',
        given_name_kana: 'ジョン',
        birth_year: '1969',
        sex: 'other',
      },
    },
    {
      ...given,
      email: 'a.very.long.address.for.narrow.screens@demo.example',
      password: 'Nagai-Namae-Demo-Tsuru-90',
      note: 'long',
      profile: {
        family_name: '勅使河原武者小路左衛門三郎',
        given_name: 'クリスティーナ桜子マリア百合江',
        family_name_kana: 'テシガワラムシャノコウジサエモンサブロウ',
        given_name_kana: 'クリスティーナサクラコマリアユリエ',
        birth_year: '1951',
        sex: 'female',
        postal_code: '6008216',
        region: '京都府',
        locality: '京都市下京区',
      },
    },
    {
      ...given,
      email: 'private@demo.example',
      password: 'Watasanai-Demo-Ishi-38',
      provision: false,
      note: 'no_provision',
      profile: {
        family_name: '森',
        given_name: '静',
        family_name_kana: 'モリ',
        given_name_kana: 'シズカ',
        birth_year: '1982',
      },
    },
  ]
}

type Person = { email: string; password: string; totpSecret: string; name: string }

/** Of what takes two persons, any two roles are with two people here: nothing stands still in the demo. */
export const OPERATORS: (Person & { roles: OperatorRole[] })[] = [
  {
    email: 'operator1@demo.example',
    password: 'Operator-Demo-Tsukue-14',
    totpSecret: 'AGKXONCAVO66CWD2HYC5ZUY4OZIURP2D',
    name: '青葉 誠',
    roles: ['registrar', 'approver', 'administrator'],
  },
  {
    email: 'operator2@demo.example',
    password: 'Operator-Demo-Hikidashi-29',
    totpSecret: 'M6MOMUV5AN2QY7ZKXDBHXXENK2FYFL4F',
    name: '若葉 萌',
    roles: ['approver', 'privacy_officer', 'administrator'],
  },
  {
    email: 'auditor@demo.example',
    password: 'Auditor-Demo-Mushimegane-52',
    totpSecret: 'J5XW4ZLUOJQXI2LPNZQWY3DZON2GC3TE',
    name: '三好 照',
    roles: ['auditor'],
  },
]

export const STAFF: (Person & { company: number; role: 'manager' | 'developer' })[] = [
  {
    email: 'manager@machinaka.demo.example',
    password: 'Manager-Demo-Fumikiri-31',
    totpSecret: 'QJDKRY3PX2ALFVAIUKYCFHBQ2RSTD6OL',
    name: '路線 進',
    company: 0,
    role: 'manager',
  },
  {
    email: 'developer@tosho.demo.example',
    password: 'Developer-Demo-Hondana-47',
    totpSecret: 'VEG77ZJTSOHAQK65LPGF6PEEVJ6MMWS6',
    name: '本田 綴',
    company: 1,
    role: 'developer',
  },
  {
    email: 'manager@ashiato.demo.example',
    password: 'Manager-Demo-Wakamichi-58',
    totpSecret: 'KBSWY3DPEHPK3PXPJBSWY3DPFQQHO33S',
    name: '歩 みち',
    company: 2,
    role: 'manager',
  },
]
