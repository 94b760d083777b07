/** A letter as it is read and printed: the approved words, and what this person had given away. */
import type { Env } from '../env.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Profile, Resident } from '../residents/model.ts'
import type { Finding, LetterText } from './model.ts'
import type { LetterShown } from './pages.ts'

type Parts = {
  language: Language
  at: Date
  number: string
  holder: string
  text: LetterText
  findings: readonly Finding[]
  userId: string
  profile: Pick<Profile, 'family_name' | 'given_name' | 'postal_code' | 'region' | 'locality'>
}

/** What is registered is a place down to the ward: the desk adds the rest by hand where it sends by post. */
function addressOf({ profile, language }: Parts): LetterShown['address'] {
  const { family_name, given_name, postal_code, region, locality } = profile
  const t = messages[language].incidents.letter
  if (!family_name && !region) return undefined
  return {
    postal: postal_code && t.postal(`${postal_code.slice(0, 3)}-${postal_code.slice(3)}`),
    lines: region ? [`${region}${locality ?? ''}`] : [],
    name: t.to([family_name, given_name].filter(Boolean).join(' ')),
  }
}

export function letterShown(env: Env, parts: Parts): LetterShown {
  const { language, at, number, holder, text, findings, userId } = parts
  const w = words(language)
  const t = messages[language].incidents.letter
  return {
    address: addressOf(parts),
    userId,
    at: w.dateWithWeekday(at),
    number,
    holder,
    sender: env.config.installation.consortium[language],
    words: text,
    findings: findings.map((one) => ({
      service: one.service[language],
      what: one.item[language],
      first: w.date(one.firstAt),
      last: w.date(one.lastAt),
      times: t.times(one.times),
      consents: w.list([...new Set(one.consents.map((consent) => w.date(consent.agreedAt)))]),
    })),
  }
}

export const ofResident = ({ userId, profile }: Resident) => ({ userId, profile })

/** Somebody made up, for the preview. */
export const samplePerson = (language: Language) => ({
  userId: 'MC-0000-0000-0000-0000-0000',
  profile: {
    ...messages[language].incidents.sample,
    postal_code: '0600001',
  },
})
