import type { Messages } from '../index.ts'

export const texts: Messages['texts'] = {
  title: 'Versions of texts and terms',
  lead: 'Every version of every text and of the terms that Machi ID has published. A version does not change once it is published.',
  toAll: 'All versions',
  allOf: 'See every version of the texts and terms',
  from: (date) => `From ${date}`,
  languages: { ja: 'Japanese', en: 'English' },
  readIn: { ja: 'Read in Japanese', en: 'Read in English' },
  otherLanguage: { ja: 'Read the Japanese text', en: 'Read the English text' },
  textLanguage: 'Language of the text',
  state: 'State',
  begins: 'First day',
  change: 'Kind of change',
  changes: {
    ask: 'A change for which consent is asked again',
    notice: 'A change that is told (no new consent is needed)',
  },
  reason: 'Why it was changed',
  toChanges: 'See what is different from the version before',
  changesTitle: 'Differences from the version before',
  hash: 'Fingerprint of the text (SHA-256)',
  hashMeaning:
    'Records of consent and receipts keep this fingerprint. Anybody can compute the fingerprint of the file below and see whether it is the same text.',
  source: 'Get the file the fingerprint is made of',
  blanks:
    'On the consent screen, words of the service stand where you see 〔 〕. Where a heading comes in several ways, one of them is shown.',
  values:
    'Names and contacts are those of today. The text is as it was published, as its fingerprint shows.',
  place: (name) => `〔${name}〕`,
  places: {
    service: 'name of the service',
    provider: 'name of the provider',
    contact: 'desk of the service',
    until: 'last day',
    retention: 'how long it is kept',
    consortium: 'the operator',
    lead: 'the lead member',
    desk: 'the Machi ID desk',
  },
  when: {
    own: 'For services run by the operator or the city',
    company: 'Where the operator is a legal person',
    association: 'Where the operator is not yet a legal person',
    city: 'Where the operator is a city',
    public: 'Where the shared user ID is given',
    pairwise: 'Where an ID of its own is given',
    own_service: 'For services run by the operator or the city',
  },
  mine: {
    title: 'Texts you agreed to',
    lead: 'Here you can read the texts you agreed to, in the version and language in which you agreed.',
    empty: 'There is no text you agreed to yet.',
    read: 'Read the text',
    readOf: (title, edition, language) => `Read ${title}, ${edition} (${language})`,
    answers: 'Your answers',
    newest: 'Answered last',
    count: (count) => (count === 1 ? '1 answer' : `${count} answers`),
    screen: 'See the screen',
    receipt: 'See the receipt',
    link: 'Read the texts you agreed to',
  },
  answers: {
    service: (service) => `You agreed to give information to ${service}`,
    provision: {
      given: 'You agreed to provision to member companies',
      not_given: 'You stopped provision to member companies, or did not agree to it',
    },
    collection: {
      given: 'You agreed to collection from services',
      not_given: 'You did not agree to collection from services, or stopped it',
    },
    terms: {
      given: 'You agreed to the new terms',
      not_given: 'You did not agree to the new terms',
    },
  },
}
