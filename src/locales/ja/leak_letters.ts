/** The letter after a leak, as mail (APPI 26(2)): the approved words; what a person gave stands on their page alone. */
import type { Letter } from '../letter.ts'

type Words = Record<'overview' | 'items' | 'cause' | 'secondary' | 'other' | 'contact', string>

export const leakLetters = {
  leak: (v: { company: string; text: Words; link: string }): Letter => ({
    subject: 'まちID：【重要】お客様の情報の漏えい等について',
    lines: [
      `${v.company}で、お客様の情報の漏えい等が起きたか、起きたおそれがあります。おわびして、お知らせいたします。`,
      `■ 何が起きたか\n${v.text.overview}`,
      `■ 漏えい等のおそれのある情報の項目\n${v.text.items}`,
      `■ 原因\n${v.text.cause}`,
      `■ 二次被害と、そのおそれ\n${v.text.secondary}`,
      `■ そのほか参考となること\n${v.text.other}`,
      `■ お問い合わせ先\n${v.text.contact}`,
    ],
    link: {
      text: 'お客様が提供していた項目と時期を確かめる（サインインが必要です）',
      href: v.link,
    },
    notes: ['このメールに、パスワードなどの入力をお願いすることはありません。'],
  }),
}
