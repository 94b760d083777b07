import type { Messages } from '../index.ts'

export const members: Messages['members'] = {
  gap: ' · ',
  title: 'Member companies',
  phrases: ['Member companies'],
  lead: 'Companies and bodies that signed a data-use contract with the operator of Machi ID. Nothing reaches any of them unless you agree.',
  count: (present) =>
    present === 1 ? 'There is 1 member now.' : `There are ${present} members now.`,
  asOf: (at) => `As of ${at}, in order of joining`,
  empty: 'There are no member companies yet',
  corporateNumber: 'Company no.',
  address: 'Address',
  representative: 'Represented by',
  joined: 'Joined',
  left: 'Left',
  contact: 'Contact',
  site: 'Website',
  services: (name) => `See the services of ${name}`,
  history: 'History',
  status: {
    applied: 'Applied',
    approved: 'Approved',
    active: 'Member',
    suspended: 'Suspended',
    excluded: 'Excluded',
    left: 'Left',
  },
  turns: {
    applied: 'Applied to join',
    approved: 'Application approved',
    active: 'Joined',
    suspended: 'Membership suspended',
    excluded: 'Excluded',
    left: 'Left',
  },
  again: 'Membership resumed',
  feed: 'Programs can read this list too: ',
}
