import type { Letter } from '../letter.ts'

type Values = { title: string; number: string; due: string; link: string }

export const dutyLetters = {
  duty_document: (v: Values): Letter => ({
    subject: `Machi ID: a document is waiting (${v.number})`,
    lines: [
      `A document under the data-use contract is waiting: ${v.title}.`,
      `Number: ${v.number}`,
      `Deadline: ${v.due}`,
      'Sign in to read it.',
    ],
    link: { text: 'Open the document', href: v.link },
  }),
  duty_soon: (v: Values): Letter => ({
    subject: `Machi ID: a deadline is near (${v.number})`,
    lines: [`${v.title} is due on ${v.due}.`, `Number: ${v.number}`],
    link: { text: 'Open the case', href: v.link },
  }),
  duty_late: (v: Values): Letter => ({
    subject: `Machi ID: overdue (${v.number})`,
    lines: [
      `${v.title} was due on ${v.due} and has not been handed in.`,
      `Number: ${v.number}`,
      'Without it the report may be judged insufficient.',
    ],
    link: { text: 'Open the case', href: v.link },
  }),
}
