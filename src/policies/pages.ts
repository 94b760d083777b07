/** What the pages of versions show; `text` tells about a version, `parts` is what it says. */
import type { SectionChange } from '../templates/actions.ts'
import type { AgreedText, Answer } from './agreed.ts'
import type { TextPart, TextVersion } from './texts.ts'

/** views/policies/versions: by text, newest version first. */
export type TextsPage = { texts: TextVersion[][] }

/** views/policies/version. */
export type TextPage = {
  text: TextVersion
  parts: TextPart[]
  /** Names stand where a service fills in its own. */
  blanks: boolean
  /** What this resident answered to it, newest first; undefined: the public page. */
  answers: Answer[] | undefined
}

/** views/policies/changes: from the version before. */
export type TextChangesPage = {
  text: TextVersion
  change: {
    before: TextVersion
    now: TextVersion
    reason: string | undefined
    sections: SectionChange[]
  }
}

/** views/policies/agreed: the one answered last first. */
export type AgreedTextsPage = { texts: AgreedText[] }
