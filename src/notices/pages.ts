/** What each page of views/notices shows. */
import type { Wanted } from './model.ts'

type Line = {
  href: string
  title: string
  at: string
  mustRead: boolean
  isNew: boolean
}

/** views/notices/list */
export type NoticesPage = {
  notices: Line[]
  total: number
  page: number
  pages: number
  wanted: Wanted
  done: boolean
}

/** views/notices/one */
export type NoticePage = {
  title: string
  at: string
  lines: string[]
  link: { href: string; text: string } | undefined
}
