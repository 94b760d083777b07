/** What one door of the API is: enough to open it, to guard it and to describe it (OpenAPI). */
import type { Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import type { ApiScope, CompanyHere, ServiceHere, ServiceScope } from '../persons.ts'

/** A JSON Schema (draft 2020-12, as OpenAPI 3.1 has it). */
export type Schema = { readonly [key: string]: unknown }

/** What came with a request. */
type Given = {
  /** Of the path. */
  params: Record<string, string>
  /** Of the address; only names the door offers. */
  query: Record<string, string>
  /** Already held to the door's schema. */
  body: unknown
}

export type Asked = Given & { company: CompanyHere }
type AskedByService = Given & {
  service: ServiceHere
  /** Aborted where the caller has left. */
  gone: AbortSignal
}

/** 404 of a door without an id in its path; 409 where the state may have changed. */
export type Declined = '404' | '409'

type Door<Scope, Question> = {
  /** operationId */
  operation: string
  method: 'get' | 'post' | 'put' | 'delete'
  /** Below /api/v1, with `{name}` for what is in the path. */
  path: string
  scope: Scope
  summary: string
  /** Query parameters it takes, with what they are. */
  query?: Record<string, string>
  body?: Schema
  /** What the description says of the body, where the room holds it to more than `body` can say. */
  told?: Schema
  /** JSON Pointer to what the room is given of the body, where that is not all of it: what it refuses is named below. */
  below?: `/${string}`
  /** Statuses it may answer beside those of every door of its kind (openapi.ts). */
  declines?: readonly Declined[]
  run: (env: Env, asked: Question) => Promise<unknown>
}

/** A door for the programs of a company. */
export type Endpoint = Door<ApiScope, Asked> & {
  /** What 200 or 201 answers. */
  answer: Schema
  /** 201 instead of 200. */
  creates?: true
}

/** A door for a service itself. */
export type ServiceEndpoint = Door<ServiceScope, AskedByService> & {
  /** What 200 answers; absent: 204 and nothing. */
  answer?: Schema
}

export const text = { type: 'string' } as const
export const uuid = { type: 'string', format: 'uuid' } as const
export const moment = { type: 'string', format: 'date-time' } as const
/** A day in Asia/Tokyo. */
export const day = { type: 'string', format: 'date' } as const
/** The end of a time as a moment, and the last day of it: the same said twice. */
export const end = {
  at: { ...moment, description: 'The end, exclusive: at this moment the time is over.' },
  on: { ...day, description: 'The last day, included, in Asia/Tokyo.' },
} as const
export const nullable = (schema: Schema) => ({ anyOf: [schema, { type: 'null' }] })
export const listOf = (items: Schema) =>
  ({
    type: 'object',
    additionalProperties: false,
    required: ['items'],
    properties: { items: { type: 'array', items } },
  }) as const

/** An object all of whose members are there. */
export function exactly(properties: Record<string, Schema>, optional: readonly string[] = []) {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    properties,
  }
}

/** Japanese and English. */
export const both = exactly({ ja: text, en: text })

/** The last day of a time, YYYY-MM-DD in Asia/Tokyo. @param until its exclusive end */
export const lastDayOf = (until: Date): string => dayOf(new Date(until.getTime() - 1))
