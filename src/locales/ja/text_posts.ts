import type { Both } from '../../installation.ts'
import type { Letter, Notice } from '../letter.ts'

type TextValues = { title: Both; version: number; on: Both; reason: Both | null }

const changing = (v: {
  version: number
  on: string
  reason: string | undefined
  asks: boolean
}) => [
  `第${v.version}版は、${v.on}から始まります。`,
  ...(v.reason === undefined ? [] : [`変える理由：${v.reason}`]),
  ...(v.asks
    ? [
        'この変更には、お客様の同意が要ります。',
        '始まった後、まちIDでサービスにサインインするときに、うかがいます。',
        '使い続けていることを、同意の代わりにはしません。',
      ]
    : ['あらためての同意は要りません。']),
]

/** Notices of a new version of a text (D-12, D-13). */
export const textPosts = {
  /** A consent text; those who agreed to it go on. */
  text_changed: (v: TextValues & { services: Both[] }): Notice => ({
    title: '同意の文面が新しくなりました',
    lines: [
      `「${v.title.ja}」が、${v.on.ja}から第${v.version}版になりました。`,
      `関わるサービス：${v.services.map((name) => name.ja).join('、')}`,
      ...(v.reason ? [`変えた理由：${v.reason.ja}`] : []),
      'あらためての同意は要りません。これまでの同意は、そのまま続きます。',
    ],
    link: '前の版との違いを見る',
  }),
  /** The terms of the ID or a policy, told as soon as the version is known. */
  terms_changing: (v: TextValues & { asks: boolean }): Notice => ({
    title: `「${v.title.ja}」が変わります`,
    lines: changing({ ...v, on: v.on.ja, reason: v.reason?.ja }),
    link: '前の版との違いを見る',
  }),
}

/** The same by mail: what concerns the ID itself is told beforehand (terms of the ID, “changes”). */
export const textLetters = {
  terms_changing: (v: {
    title: string
    version: number
    on: string
    reason: string | undefined
    asks: boolean
    link: string
  }): Letter => ({
    subject: `まちID：「${v.title}」が変わります`,
    lines: changing(v),
    link: { text: '前の版との違いを見る', href: v.link },
  }),
}
