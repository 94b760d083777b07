import type { Messages } from '../index.ts'
import type { noticePosts as posts } from '../ja/notice_posts.ts'

export const noticePosts: typeof posts = {
  leak: (v) => ({
    title: `Important: a leak of your data at ${v.company.en}${v.on ? ` (notice of ${v.on.en})` : ''}`,
    lines: [
      `Data about you leaked at ${v.company.en}, or may have leaked.`,
      'A letter tells what happened, which data it is, and what we ask of you. Please do read it.',
    ],
    link: 'Read the letter',
  }),
  ended_by_service: (v) => ({
    title: 'A service’s app ended your consent',
    lines: [
      `On ${v.at} your consent was withdrawn from the app of “${v.service.en}”. Nothing has been shared since.`,
      'To use it again, sign in at the service and agree once more.',
      'If it was not you, tell our desk.',
    ],
    link: 'See the data use of this service',
  }),
  ended_on_request: (v) => ({
    title: 'Use was ended on your request',
    lines: [
      `On ${v.at}, on your request ${v.number}, the consortium ended the use of the following. Nothing has been shared since.`,
      v.services.map((one) => `“${one.en}”`).join(', '),
      'If it was not you who asked, tell our desk.',
    ],
    link: 'See what came of the request',
  }),
  sign_in_locked: (v) => ({
    title: 'Sign-in was stopped after “This was not me”',
    lines: [
      `On ${v.at} every browser was signed out and the password of that time stopped working.`,
      ...(v.addressRestored ? ['Your mail address is again the one from before the change.'] : []),
      ...(v.closingCalledOff
        ? [
            'The closing of your ID is called off; nothing is erased. What was withdrawn stays withdrawn.',
          ]
        : []),
      'Please look through “Data use by service” and your history for consents or changes you did not make.',
      'You can withdraw what you did not agree to. Tell our desk if anything in the records worries you.',
    ],
    link: 'Look at the history',
  }),
}

export const noticePage: Messages['notices']['page'] = {
  title: 'Notices',
  lead: 'Important notices from Machi ID. The same is sent to you by mail.',
  empty: 'There are no notices.',
  count: (n) => (n === 1 ? '1 notice.' : `${n} notices, newest first.`),
  mustRead: 'Please read',
  isNew: 'Unread',
  unread: (n) => ` (${n} unread)`,
  pages: 'Pages of notices',
  newer: 'Newer notices',
  older: 'Older notices',
  back: 'To all notices',
  goOn: 'See more',
  gone: 'An earlier notice',
  banner: 'Please read',
  settings: 'Mails you receive',
  settingsText:
    'You can switch off these two mails. Mails about consents, changes of what you registered, sign-ins and safety cannot be switched off.',
  digest: 'Yearly summary',
  digestText: 'The services you use, the items passed on, and how often.',
  reminder: 'Services you do not use',
  reminderText: 'Services you agreed to but have not used for six months.',
  save: 'Save',
  saved: 'Saved',
}
