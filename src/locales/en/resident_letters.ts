import type { Messages } from '../index.ts'

type Letters = Messages['notices']['letters']
type Agreed = Parameters<Letters['consent_given']>[0]

const HOW_TO_STOP =
  'To stop: sign in, open “Data use by service”, choose the service and press “Withdraw”. No reason is needed.'
const WITH_RECEIPT =
  'A signed receipt is attached to this mail. Anybody can check on our receipt page that it is genuine.'

export const notMe: Messages['notices']['notMe'] = {
  ask: 'If this was not you, open this link and press the button. All devices are signed out, and nobody gets in until a new password is set.',
  text: 'This was not me',
  note: 'The link works for 14 days, and once. Opening it changes nothing by itself.',
}

const listed = (v: Agreed) => [
  `- Service: ${v.service}`,
  '- Items passed on:',
  ...v.items.map((item) => `  - ${item}`),
  `- Until: ${v.until}`,
  `- Contact of the service: ${v.contact}`,
  HOW_TO_STOP,
]

/** Where to withdraw from each, where there is something to withdraw. */
const waysOut = (all: readonly { name: string; withdrawHref: string | undefined }[]) =>
  all.flatMap(({ name, withdrawHref }) =>
    withdrawHref === undefined ? [] : [{ text: `Withdraw from ${name}`, href: withdrawHref }],
  )

/** See src/locales/ja/resident_letters.ts. */
export const residentLetters: Pick<
  Letters,
  | 'consent_given'
  | 'consent_changed'
  | 'consent_paused'
  | 'profile_changed'
  | 'terms_answered'
  | 'new_device'
  | 'sign_in_locked'
  | 'digest'
  | 'unused'
> = {
  consent_given: (v) => ({
    subject: 'Machi ID: you agreed to a service',
    lines: [`On ${v.at} you agreed to the following.`, ...listed(v)],
    link: { text: 'Open the receipt', href: v.link },
    notes: [WITH_RECEIPT],
  }),
  consent_changed: (v) => ({
    subject: 'Machi ID: a consent was changed',
    lines: [`On ${v.at} a consent was changed. It is now as follows.`, ...listed(v)],
    link: { text: 'Open the receipt', href: v.link },
    notes: [WITH_RECEIPT],
  }),
  consent_paused: (v) => ({
    subject: 'Machi ID: a service is paused',
    lines: [
      `On ${v.at} you paused this service.`,
      `- Service: ${v.service}`,
      `- Contact of the service: ${v.contact}`,
      'Nothing has been passed to it since. To go on you will be asked again.',
    ],
    link: { text: 'Open the receipt', href: v.link },
    notes: [WITH_RECEIPT],
  }),
  profile_changed: (v) => ({
    subject: 'Machi ID: your registered data changed',
    lines: [`On ${v.at} these registered data changed.`, ...v.items.map((item) => `- ${item}`)],
    link: { text: 'Open your account', href: v.link },
    notes: ['What they changed to is not in this mail.'],
  }),
  terms_answered: (v) => ({
    subject: {
      provision: v.given
        ? 'Machi ID: passing data to services has begun'
        : 'Machi ID: passing data to services has stopped',
      collection: v.given
        ? 'Machi ID: collecting from services has begun'
        : 'Machi ID: collecting from services has stopped',
    }[v.term],
    lines: {
      provision: v.given
        ? [
            `On ${v.at} you let data be passed to services.`,
            'Each service will ask for your consent again when you next use it.',
          ]
        : [
            `On ${v.at} you stopped passing data to any service.`,
            'Nothing has been passed on since.',
          ],
      collection: [
        v.given
          ? `On ${v.at} you let data be collected from services.`
          : `On ${v.at} you stopped the collecting from services.`,
      ],
    }[v.term],
    link: { text: 'Open your account', href: v.link },
  }),
  new_device: (v) => ({
    subject: 'Machi ID: sign-in from a new device',
    lines: [
      'Somebody signed in to your account from a device that is new to us.',
      `- Time: ${v.at} (Japan time)`,
      `- Browser: ${v.device}`,
      'If this was you, there is nothing to do.',
      notMe.ask,
    ],
    link: { text: notMe.text, href: v.link },
    notes: [notMe.note],
  }),
  sign_in_locked: (v) => ({
    subject: 'Machi ID: sign-in is stopped',
    lines: [
      `On ${v.at}, as you told us, all devices were signed out and the password stopped working.`,
      ...(v.addressRestored ? ['Your mail address is again the one from before the change.'] : []),
      ...(v.closingCalledOff
        ? [
            'The closing of your ID is called off; nothing is erased. What was withdrawn stays withdrawn.',
          ]
        : []),
      'Once you set a new password you can sign in again.',
      'Then look through “Data use by service” and “History” for consents or changes you did not make.',
    ],
    link: { text: 'Set a new password', href: v.link },
    notes: [
      'The link works for 30 minutes. After that, “Forgot your password?” on the sign-in page sends another.',
    ],
  }),
  digest: (v) => ({
    subject: 'Machi ID: your data use over the year',
    lines: [
      `How often data was passed to each service from ${v.from} to ${v.to}, and what is agreed now.`,
      ...v.each.flatMap((one) => [
        `- ${one.name}`,
        `  Times passed on: ${one.times}`,
        ...(one.until === undefined
          ? ['  Items: none now']
          : [`  Items: ${one.items.join(', ')}`, `  Until: ${one.until}`]),
      ]),
      'You can withdraw from services you do not use. No reason is needed.',
    ],
    ways: waysOut(v.each),
    link: { text: 'Open “Data use by service”', href: v.link },
    notes: ['This mail comes once a year. You can switch it off on the page “Notices”.'],
  }),
  unused: (v) => ({
    subject: 'Machi ID: services you have not used for six months',
    lines: [
      'You agreed to these services but have not used them for six months.',
      ...v.idle.map((one) => `- ${one.name} (last used: ${one.since})`),
      'If you want to keep them there is nothing to do. If not, you can withdraw. No reason is needed.',
    ],
    ways: waysOut(v.idle),
    link: { text: 'Open “Data use by service”', href: v.link },
    notes: ['You can switch this mail off on the page “Notices”.'],
  }),
}
