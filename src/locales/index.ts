import * as en from './en/index.ts'
import * as ja from './ja/index.ts'

export const LANGUAGES = ['ja', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

export function isLanguage(text: string): text is Language {
  return (LANGUAGES as readonly string[]).includes(text)
}

/** Japanese is the truth; English has its type, so a missing message does not compile. */
export type Messages = typeof ja.all

export const messages: Record<Language, Messages> = { ja: ja.all, en: en.all }
