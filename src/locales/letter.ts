/** What a letter says, in its reader's language; the same pieces make its text and its HTML (src/notices). */
export type Letter = {
  subject: string
  lines: string[]
  /** Further ways, each on its own lines: of a letter about several services. */
  ways?: { text: string; href: string }[]
  /** The one link of a letter, on a line of its own. */
  link?: { text: string; href: string }
  /** Below the link: how long it lasts, what to do if it was not you. */
  notes?: string[]
}

/** Below a letter about one's own account: the link by which whoever did not do it stops everything. */
export type NotMe = { ask: string; text: string; note: string }

/** What a notice on the resident's page says. */
export type Notice = {
  title: string
  lines: string[]
  /** Words of its link, where it is posted with one. */
  link?: string
}
