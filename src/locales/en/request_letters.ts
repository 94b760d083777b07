import type { requestLetters as letters, requestPosts as posts } from '../ja/request_letters.ts'

/** Letters about requests: that there is something, never what it says. */
export const requestLetters: typeof letters = {
  request_received: (v) => ({
    subject: `Machi ID: your request was received (${v.number})`,
    lines: [
      `On ${v.at} we received this request: ${v.kind}.`,
      `Number: ${v.number}`,
      v.due ? `You will be answered by: ${v.due}` : 'The answer waits for you on the page below.',
    ],
    link: { text: 'Open the request', href: v.link },
    notes: ['If this was not you, change your password and tell the help desk.'],
  }),
  request_answered: (v) => ({
    subject: `Machi ID: there is an answer to your request (${v.number})`,
    lines: [
      `There is an answer to your request: ${v.kind}.`,
      `Number: ${v.number}`,
      'Sign in to read it.',
    ],
    link: { text: 'Read the answer', href: v.link },
  }),
  request_extended: (v) => ({
    subject: `Machi ID: your request will take longer (${v.number})`,
    lines: [
      `The time for your request was extended: ${v.kind}.`,
      `Number: ${v.number}`,
      `New date: ${v.due}`,
      'Sign in to read why.',
    ],
    link: { text: 'Read why', href: v.link },
  }),
  request_soon: (v) => ({
    subject: `Machi ID: an answer is due soon (${v.number})`,
    lines: [`A request is due on ${v.due}: ${v.kind}.`, `Number: ${v.number}`],
    link: { text: 'Open the request', href: v.link },
  }),
  request_late: (v) => ({
    subject: `Machi ID: an answer is overdue (${v.number})`,
    lines: [`A request was due on ${v.due} and is not answered: ${v.kind}.`, `Number: ${v.number}`],
    link: { text: 'Open the request', href: v.link },
  }),
}

const KINDS = {
  disclosure: 'request for disclosure',
  correction: 'request for correction',
  suspension: 'request to stop the use',
  stop_provision: 'request to stop provision',
  report: 'report of an entry',
}

/** Notices on the resident's page about requests. */
export const requestPosts: typeof posts = {
  request_answered: (v) => ({
    title: `There is an answer to your ${KINDS[v.kind]}`,
    lines: [`You can read the answer to ${v.number}.`],
    link: 'Read the answer',
  }),
  request_extended: (v) => ({
    title: `Your ${KINDS[v.kind]} will take longer`,
    lines: [`You can read the new date of ${v.number}, and why.`],
    link: 'Read why',
  }),
}
