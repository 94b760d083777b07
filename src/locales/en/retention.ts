/** The terms of records, and how a month of them goes. */
import type { Messages } from '../index.ts'

export const retention: Messages['retention'] = {
  title: 'How long records are kept',
  lead: 'Records of provision stay as long as the law says. A month whose term is over goes only where two people have checked and approved it.',
  termsTitle: 'What is kept, and until when',
  caption: {
    terms: 'Terms of each kind of record',
    months: 'Months past their term',
    closed: 'Months that are gone',
  },
  what: 'Record',
  term: 'Kept for',
  how: 'How it goes',
  terms: {
    provisions: ['Records of provision', '3 years from the end of the month they were made in'],
    refusals: [
      'Requests to which nothing was given',
      'Go by themselves 3 years from the end of the month they were made in',
    ],
    consents: [
      'Consents, also those of the sign-up',
      'Kept on (never gone before the records of provision)',
    ],
    showings: ['Records of the consent screen', 'Kept on (evidence of the consent)'],
    requests: [
      'Requests of residents, and that they were who they said',
      'Kept on (how each was answered). What was written cannot be read once the account is closed',
    ],
    deletions: [
      'Requests to erase, and their answers',
      'Kept on (whether the company erased what it had)',
    ],
    letters: ['Inquiries and letters after a leak', 'Kept on (that people were told)'],
    notices: [
      'Notices',
      'Go by themselves 3 years after they were read; unread ones stay, all of them while there is an account',
    ],
    told: ['Who was told of a change or a stop', 'Kept on (that people were told)'],
    account: [
      'What was registered, and which mails are wanted',
      'Until the account is closed; a number is left',
    ],
    changes: ['When what was registered changed', 'Kept on (there are no values in it)'],
    devices: [
      'Marks of browsers that signed in before',
      'Go by themselves 13 months after the last sign-in',
    ],
    links: ['Marks of links sent by mail', 'Go by themselves 14 days after they ended'],
    sessions: [
      'Sign-ins',
      'Go by themselves once they are over; when and with what kind of device after 45 days',
    ],
    staff_sessions: [
      'Sign-ins of operators and staff',
      'Go by themselves 45 days after they were last used',
    ],
    events: [
      'Events to services',
      'Go by themselves 90 days after they were delivered or given up',
    ],
    mails: [
      'Mails to be sent',
      'Go by themselves once sent; what cannot be delivered after 90 days',
    ],
    ledger: ['Hashes of the ledger', 'Kept on (no personal data in them)'],
    closures: ['Months that went, and what was held', 'Kept on (what went, and when)'],
    audit: ['The audit record, and who looked', 'Kept on (to be looked into later)'],
    decisions: ['Decisions of two people', 'Kept on (who decided)'],
    people: ['Operators and staff of companies', 'Kept on (who did what)'],
    companies: [
      'Versions of companies, contracts and services',
      'Kept on (the records of provision name them)',
    ],
    documents: ['Documents exchanged with companies', 'Kept on (owed by the contract)'],
  },
  law: (articles) =>
    `Act on the Protection of Personal Information, articles ${articles.join(', ')}`,
  going: {
    month: 'Two approvals',
    sweep: 'By itself',
    account: 'With the account',
    stays: 'Does not go',
  },
  monthsTitle: 'Months past their term',
  monthsText: 'Counting them here removes nothing.',
  none: 'No month is past its term yet.',
  month: 'Month',
  entries: 'Records',
  range: 'First and last',
  state: 'State',
  states: {
    kept: 'Term runs',
    held: 'Held',
    due: 'Past its term',
    proposed: 'Waiting for the second person',
    approved: 'Approved (goes soon)',
    closed: 'Gone',
  },
  closedTitle: 'Months that are gone',
  closedText:
    'That they went is signed in the ledger. The proofs of all other records verify as before.',
  closedAt: 'Written in the ledger',
  droppedAt: 'Removed',
  holdsTitle: 'Keeping a month',
  holdsText:
    'Months needed in court or for an inquiry are held, with a reason. What is held does not go even where it was approved. While a leak, complaint, audit or request is open, its months are held by themselves.',
  hold: {
    from: 'First month',
    until: 'Last month',
    reason: 'Reason',
    hint: 'For example 2026-11',
    submit: 'Hold',
    end: 'End the hold',
  },
  holds: {
    because: (reason) => `Held: ${reason}`,
    leak: (number) => `A leak is open${number && ` (${number})`}`,
    duty: (number) => `A complaint or audit is open${number && ` (${number})`}`,
    request: (number) => `A request of a resident is open (${number})`,
  },
  monthTitle: (month) => `Records of provision of ${month}`,
  facts: {
    entries: 'Records that go',
    oldest: 'First record',
    newest: 'Last record',
    term: 'Kept for',
    freeFrom: 'May go from',
    remains: 'What remains',
  },
  count: (n) => `${n.toLocaleString('en')} records`,
  years: (n) => `${n} years from the end of the month they were made in`,
  remains: 'The consents, the hashes of the ledger, the record that they went',
  proposeText:
    'Once you have checked that they may go, ask a second person to approve. If their number changes, nobody can approve.',
  propose: 'Ask for approval to remove',
  done: {
    held: 'The months are held.',
    released: 'The hold has ended.',
    proposed: 'Approval has been asked for.',
    approved: 'Approved. The records go once the ledger has signed it.',
    refused: 'Not approved.',
    withdrawn: 'Taken back.',
  },
}
