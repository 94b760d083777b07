import type { leakLetters as ja } from '../ja/leak_letters.ts'

export const leakLetters: typeof ja = {
  leak: (v) => ({
    subject: 'Machi ID: important – a leak of your data',
    lines: [
      `Data about you leaked at ${v.company}, or may have leaked. We apologise, and tell you what is known.`,
      `What happened\n${v.text.overview}`,
      `Items that leaked or may have leaked\n${v.text.items}`,
      `Cause\n${v.text.cause}`,
      `Further harm, and whether it is feared\n${v.text.secondary}`,
      `Other things to know\n${v.text.other}`,
      `Whom to ask\n${v.text.contact}`,
    ],
    link: {
      text: 'See what you had provided, and when (you will be asked to sign in)',
      href: v.link,
    },
    notes: ['This mail never asks you for a password or the like.'],
  }),
}
