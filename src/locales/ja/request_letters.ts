import type { Letter, Notice } from '../letter.ts'

type Values = { number: string; kind: string; link: string }

/** Letters about requests (開示等の請求): that there is something, never what it says. */
export const requestLetters = {
  request_received: (v: Values & { at: string; due: string | undefined }): Letter => ({
    subject: `まちID：請求を受け付けました（${v.number}）`,
    lines: [
      `${v.at}に、${v.kind}の手続きを受け付けました。`,
      `番号：${v.number}`,
      v.due ? `お答えの期限：${v.due}` : 'お答えは、下のページで、すぐに受け取れます。',
    ],
    link: { text: '手続きのページを開く', href: v.link },
    notes: ['お心当たりがないときは、パスワードを変え、窓口へお知らせください。'],
  }),
  request_answered: (v: Values): Letter => ({
    subject: `まちID：請求への回答があります（${v.number}）`,
    lines: [
      `${v.kind}の手続きに、回答があります。`,
      `番号：${v.number}`,
      '回答は、サインインしてお読みください。',
    ],
    link: { text: '回答を読む', href: v.link },
  }),
  request_extended: (v: Values & { due: string }): Letter => ({
    subject: `まちID：請求の期限が変わりました（${v.number}）`,
    lines: [
      `${v.kind}の手続きの期限を延ばしました。`,
      `番号：${v.number}`,
      `新しい期限：${v.due}`,
      '理由は、サインインしてお読みください。',
    ],
    link: { text: '理由を読む', href: v.link },
  }),
  request_soon: (v: Values & { due: string }): Letter => ({
    subject: `まちID：請求への回答の期限が近づいています（${v.number}）`,
    lines: [`${v.kind}の手続きの期限は、${v.due}です。`, `番号：${v.number}`],
    link: { text: '請求を開く', href: v.link },
  }),
  request_late: (v: Values & { due: string }): Letter => ({
    subject: `まちID：請求への回答の期限を過ぎました（${v.number}）`,
    lines: [
      `${v.kind}の手続きの期限（${v.due}）を過ぎました。まだ回答していません。`,
      `番号：${v.number}`,
    ],
    link: { text: '請求を開く', href: v.link },
  }),
}

const KINDS = {
  disclosure: '開示の請求',
  correction: '訂正の請求',
  suspension: '利用停止の請求',
  stop_provision: '提供停止の請求',
  report: '記録の報告',
}
type Posted = { number: string; kind: keyof typeof KINDS }

/** Notices on the resident's page about requests. */
export const requestPosts = {
  request_answered: (v: Posted): Notice => ({
    title: `${KINDS[v.kind]}に回答があります`,
    lines: [`番号${v.number}の回答を、お読みいただけます。`],
    link: '回答を読む',
  }),
  request_extended: (v: Posted): Notice => ({
    title: `${KINDS[v.kind]}の期限を延ばしました`,
    lines: [`番号${v.number}の新しい期限と理由を、お読みいただけます。`],
    link: '理由を読む',
  }),
}
