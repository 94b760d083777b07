/** A company that applies, for the tests of this folder. */
import { QUESTIONS } from '../../src/members/application.ts'

let count = 0

/** A 法人番号 with its check digit, a different one each time. */
function corporateNumber(): string {
  const body = String(200000000000 + ++count * 7919 + Math.floor(Math.random() * 1e9))
  const sum = Array.from(body)
    .reverse()
    .reduce((all, digit, n) => all + Number(digit) * (n % 2 ? 2 : 1), 0)
  return `${9 - (sum % 9)}${body}`
}

/** Everything the application asks for. */
export function filled(other: Record<string, string> = {}): Record<string, string> {
  const n = ++count
  const letters = `${String.fromCharCode(65 + (n % 26))}${String.fromCharCode(65 + ((n * 7) % 26))}${n}`
  return {
    corporate_number: corporateNumber(),
    name_ja: `ほしぞら電機${letters}株式会社`,
    name_kana: 'ホシゾラデンキ',
    name_en: `Hoshizora Denki ${letters} KK`,
    address_ja: 'あおば市北区2-3',
    address_en: '2-3 Kita-ku, Aoba',
    representative_ja: '代表取締役 星空 一郎',
    representative_en: 'Ichiro Hoshizora, President',
    privacy_name: '守田 守',
    privacy_title: '総務部長',
    privacy_email: 'privacy@hoshizora.example.com',
    technical_name: '技野 工',
    technical_title: '開発部長',
    technical_email: 'tech@hoshizora.example.com',
    desk_ja: 'お客様窓口',
    desk_en: 'Help desk',
    phone: '011-000-1111',
    email: 'desk@hoshizora.example.com',
    url: 'https://hoshizora.example.com/',
    ...Object.fromEntries(
      QUESTIONS.flatMap((q) => [
        [`q_${q}`, 'yes'],
        [`n_${q}`, '規程のとおりです。'],
      ]),
    ),
    manager_name: `最初 管理${n}`,
    manager_email: `manager${n}@hoshizora.example.com`,
    ...other,
  }
}
