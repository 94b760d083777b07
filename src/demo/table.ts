/** What the terminal prints when a demo starts: one calm table of addresses and sign-ins, in two languages. */
import type { Env } from '../env.ts'
import { messages } from '../locales/index.ts'
import { addressesOf } from './clients.ts'
import { yearAt } from './companies.ts'
import { OPERATORS, residentsOf, STAFF } from './people.ts'
import { portOf } from './seed.ts'

/** Columns a text takes on a terminal: letters of East Asian scripts take two. */
function widthOf(text: string): number {
  const wide =
    /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6]/u
  return Array.from(text).reduce((sum, letter) => sum + (wide.test(letter) ? 2 : 1), 0)
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, n) =>
    Math.max(...rows.map((row) => widthOf(row[n] ?? ''))),
  )
  return rows.map((row) =>
    row
      .map((cell, n) => cell + ' '.repeat((widths[n] ?? 0) - widthOf(cell)))
      .join('   ')
      .trimEnd(),
  )
}

/** The table; `memberService` is undefined where its port was taken. */
export function demoTable(env: Env, memberService: string | undefined): string {
  const { issuer } = env.config
  const addresses = [
    ['まちID', 'Machi ID', issuer],
    ...(memberService ? [['見本のサービス', 'sample service', memberService]] : []),
    ['届いたメール', 'mails', `${issuer}/dev/mail`],
    ['サインイン一覧', 'sign-ins', `${issuer}/dev`],
    ['プログラム用', 'for programs', `${issuer}/dev/demo.json`],
  ]
  const residents = residentsOf(yearAt(env.now())).map((one) => [
    one.email,
    one.password,
    messages.ja.demo.notes[one.note],
  ])
  const people = [
    ...OPERATORS.map((one) => [one.email, one.password, one.totpSecret]),
    ...STAFF.map((one) => [one.email, one.password, one.totpSecret]),
  ]
  const part = (title: string, rows: string[][]) => [
    title,
    ...aligned(rows).map((row) => `    ${row}`),
    '',
  ]
  return [
    '',
    ...part('  まちIDのデモが動いています。  The Machi ID demo is running.', addresses),
    ...part('  利用者  Residents', residents),
    ...part('  担当者  Operators and staff', people),
    '  デモのパスワードと鍵は公開されています。実在の人の情報は入れないでください。',
    '  Demo passwords and keys are public: do not enter the data of real people.',
    '',
  ].join('\n')
}

/** The service that is played, as `startMemberService` wants it. */
export function memberServiceOf(env: Env, clientId: 'machinaka-kaiyu', clientSecret: string) {
  const port = portOf(env)
  const { redirectUris, postLogoutRedirectUris } = addressesOf(clientId, port)
  return {
    port: port + 1,
    issuer: env.config.issuer,
    client: {
      clientId,
      clientSecret,
      redirectUri: redirectUris[0] ?? '',
      postLogoutRedirectUri: postLogoutRedirectUris[0] ?? '',
    },
  }
}
