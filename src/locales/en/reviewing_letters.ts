import type { Messages } from '../index.ts'

type Letters = Messages['notices']['letters']

export const reviewLetters: Pick<Letters, 'service_decided' | 'service_ended'> = {
  service_decided: (v) => ({
    subject: {
      approved: `Machi ID: “${v.service}” has been approved`,
      returned: `Machi ID: please correct something in “${v.service}”`,
      refused: `Machi ID: “${v.service}” has not been approved`,
    }[v.decision],
    lines: [
      {
        approved: 'The review is over. A manager may now open a service that is not open yet.',
        returned: 'This is what the operators ask for. Please correct it and hand it in again.',
        refused: 'The application has not been approved, for this reason.',
      }[v.decision],
      ...(v.note ? [v.note] : []),
      ...(v.less ? [`Items approved in part or not at all: ${v.less}.`] : []),
    ],
    link: { text: 'Open the page of the service', href: v.link },
  }),
  service_ended: (v) => ({
    subject: `Machi ID: “${v.service}” has ended`,
    lines: [
      `${v.service} (provided by ${v.provider}) ended on ${v.at}.`,
      'From then on it receives nothing. Your consent and the records of what was provided stay.',
      `Please ask ${v.provider} about what it has received: ${v.contact}`,
    ],
    link: { text: 'Open how each service uses your data', href: v.link },
    notes: ['You need not do anything. You can ask for erasure on the page above.'],
  }),
}
