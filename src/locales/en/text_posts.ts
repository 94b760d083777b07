import type { Messages } from '../index.ts'

type Posts = Messages['notices']['posts']

const changing = (v: {
  version: number
  on: string
  reason: string | undefined
  asks: boolean
}) => [
  `Version ${v.version} begins on ${v.on}.`,
  ...(v.reason === undefined ? [] : [`Why it is changed: ${v.reason}`]),
  ...(v.asks
    ? [
        'This change needs your consent.',
        'Once it has begun, we ask you when you sign in to a service with Machi ID.',
        'Going on using Machi ID does not count as consent.',
      ]
    : ['No new consent is needed.']),
]

/** Notices of a new version of a text (D-12, D-13). */
export const textPosts: Pick<Posts, 'text_changed' | 'terms_changing'> = {
  text_changed: (v) => ({
    title: 'A text you agreed to has a new version',
    lines: [
      `“${v.title.en}” is version ${v.version} from ${v.on.en}.`,
      `Services concerned: ${v.services.map((name) => name.en).join(', ')}`,
      ...(v.reason ? [`Why it was changed: ${v.reason.en}`] : []),
      'No new consent is needed. What you agreed to goes on.',
    ],
    link: 'See what is different',
  }),
  terms_changing: (v) => ({
    title: `“${v.title.en}” changes`,
    lines: changing({ ...v, on: v.on.en, reason: v.reason?.en }),
    link: 'See what is different',
  }),
}

export const textLetters: Pick<Messages['notices']['letters'], 'terms_changing'> = {
  terms_changing: (v) => ({
    subject: `Machi ID: “${v.title}” changes`,
    lines: changing(v),
    link: { text: 'See what is different', href: v.link },
  }),
}
