/** What each page of views/closing shows. */
import type { Fields } from '../refusal.ts'
import type { KEPT } from './model.ts'

type Service = { name: string; provider: string }

/** A request that stays: in words. */
type Request = { href: string; number: string; kind: string; due: string | undefined }

/** views/closing/close: what happens, before it is asked for. */
export type ClosePage = {
  /** Services whose consent is withdrawn at once: in force, asleep or paused. */
  services: Service[]
  /** Requests whose answer is owed. */
  requests: Request[]
  days: number
  /** The moment of erasure, if it is asked for now. */
  erasedAt: string
  /** What stays, and how long. */
  kept: typeof KEPT
  fields: Fields
}

/** views/closing/waiting: asked for, and can be called off until then. */
export type WaitingPage = { erasedAt: string; daysLeft: number; requests: Request[] }
