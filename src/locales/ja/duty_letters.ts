import type { Letter } from '../letter.ts'

type Values = { title: string; number: string; due: string; link: string }

/** Letters about duties: that a document came, that its time ends, that it has ended. */
export const dutyLetters = {
  duty_document: (v: Values): Letter => ({
    subject: `まちID：「${v.title}」が届いています（${v.number}）`,
    lines: [
      `データ利用契約にもとづく書面「${v.title}」が届いています。`,
      `番号：${v.number}`,
      `期限：${v.due}`,
      '内容は、サインインして確かめてください。',
    ],
    link: { text: '書面を開く', href: v.link },
  }),
  duty_soon: (v: Values): Letter => ({
    subject: `まちID：「${v.title}」の期限が近づいています（${v.number}）`,
    lines: [`「${v.title}」の期限は、${v.due}です。`, `番号：${v.number}`],
    link: { text: '手続きを開く', href: v.link },
  }),
  duty_late: (v: Values): Letter => ({
    subject: `まちID：「${v.title}」の期限を過ぎました（${v.number}）`,
    lines: [
      `「${v.title}」の期限（${v.due}）を過ぎました。まだ提出がありません。`,
      `番号：${v.number}`,
      '提出がないときは、報告が十分でないと判断されることがあります。',
    ],
    link: { text: '手続きを開く', href: v.link },
  }),
}
