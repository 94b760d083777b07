import type { closing as ja } from '../ja/closing.ts'

export const closing: typeof ja = {
  title: 'Close your Machi ID',
  lead: (days) =>
    `As soon as you ask, nothing goes to any service any more. After ${days} days what you registered is erased. Until then you can call it off.`,
  services: 'Services you withdraw from',
  servicesText: 'All are withdrawn, and each company is asked to erase what it received.',
  none: 'You use no service at present.',
  companies:
    'Machi ID cannot erase what a company has already received. Its answer reaches you by mail. Once your account is erased we cannot tell you any more: please ask the company itself.',
  along: 'To take along',
  alongText: (days) =>
    `Your history and your receipts stay open for the ${days === 1 ? 'day' : `${days} days`} of waiting. Save them as files if you want to keep them: afterwards they cannot be opened.`,
  toHistory: 'Open your history',
  toReceipts: 'Open your receipts',
  requests: 'Requests that are not answered yet',
  requestsText:
    'They stay, and the consortium goes on with them. Until the erasure you can read the answer here; after it no answer can reach you. To receive it on paper, tell the help desk the number before then.',
  requestDue: (due) => `Due: ${due}`,
  erased: 'What is erased',
  erasedAt: 'Erased on',
  erasedItems: [
    'Your mail address and password',
    'Everything you registered (name, year of birth, sex, address and so on)',
    'Records of the devices you signed in with',
    'Notices, and which mails you want',
  ],
  kept: 'What stays',
  keptText:
    'It stays under a number that leads to no name. A new Machi ID is not connected with it.',
  keptItems: {
    provisions: {
      what: 'Records of what was shared',
      note: 'When, with which company, which items. No values.',
      why: 'The Act on the Protection of Personal Information requires them',
    },
    refusals: {
      what: 'Records of what was not given',
      note: 'When, to which company, and why not.',
      why: 'To be looked into later',
    },
    consents: {
      what: 'Records of consent and withdrawal, of the screens shown, and of changes to your account',
      note: 'When, which text was shown, what the answer was, which item was changed. No values.',
      why: 'They prove that sharing rested on your consent',
    },
    requests: {
      what: 'Records of your requests',
      note: 'Number, kind, dates and decision. What was written can no longer be read.',
      why: 'They show that requests were answered',
    },
    deletions: {
      what: 'Requests to erase, and what companies answered',
      note: 'When, of which company, and its answer. The reason it wrote can no longer be read.',
      why: 'They show whether the company erased what it had',
    },
    letters: {
      what: 'Inquiries after a leak, and letters sent to you',
      note: 'Which letter, and when you were told.',
      why: 'They show that you were told',
    },
    told: {
      what: 'Records that you were told of changes and stops',
      note: 'When you were told that a company or a service changed.',
      why: 'They show that you were told',
    },
    audit: {
      what: 'The audit record, and who looked',
      note: 'Who did what when, and whose account they looked at. No values. Why they looked can no longer be read.',
      why: 'To be looked into later',
    },
    ledger: {
      what: 'Records that reveal tampering',
      note: 'Values that say nothing to a reader, and the months whose records are gone.',
      why: 'They show that what stays was not rewritten',
    },
    onTheWay: {
      what: 'What services are told, and mails on their way',
      note: 'That you closed your account, and the last mail. A mail holds the address it goes to, and is gone once it is sent.',
      why: 'They are sent again until they arrive',
    },
  },
  untils: {
    month:
      'Never less than 3 years from the end of the month they were made in; after that only months that two people have checked and approved are erased',
    years: 'Gone by themselves 3 years from the end of the month they were made in',
    days: 'Gone by themselves at most 90 days after they arrived or were given up',
    on: 'Kept on',
  },
  why: 'Why',
  until: 'Until when',
  again: 'If you sign up again, your user ID is a new one. To services you are somebody else.',
  confirm: 'Confirm with your password',
  submit: 'Ask to close my account',
  back: 'Go back, close nothing',
  instead: 'To stop sharing alone, you need not close your account.',
  toWithdrawAll: 'Withdraw from all services',
  link: 'Close your Machi ID',
  linkText: 'Nothing goes to any service any more, and what you registered is erased.',
  waiting: {
    title: 'Your account is being closed',
    text: (at) => `On ${at}, what you registered is erased.`,
    left: (days) => (days > 0 ? (days === 1 ? '1 day left.' : `${days} days left.`) : 'Very soon.'),
    nothing: 'Nothing goes to any service, and you cannot sign in to any.',
    along:
      'Until then you can open your history and your receipts. Save now what you want to keep.',
    told: 'Notices',
    toldText:
      'Until then you can read notices and letters, and what companies answer to requests to erase.',
    toNotices: 'Open your notices',
    toServices: 'Open your past consents and the answers of companies',
    keep: 'To keep your account',
    keepText:
      'Until then you can call it off. Consents you withdrew do not come back: you are asked anew when you next use a service.',
    submit: 'Call it off and keep my account',
    signOut: 'Sign out',
  },
}
