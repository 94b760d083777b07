/** What the pages about deliveries show: pure, from what is stored to words in one language. */
import type { ListView } from '../http/listing.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Channel, EventName } from './model.ts'
import type { ChannelState, Undelivered } from './stream_store.ts'
import { deliveryOf, type Delivery, type Seen } from './streams.ts'

type StreamState = 'fine' | 'failing' | 'undelivered' | 'none'

type StreamRow = {
  href: string
  name: string
  delivery: Delivery
  state: StreamState
  waiting: number
  dead: number
  lastDelivered: string | undefined
}

/** views/events/streams.eta */
export type StreamsPage = { rows: StreamRow[] }

type ChannelShown = {
  channel: Channel
  /** Where it goes; undefined for a poll, or where no address is registered any more. */
  uri: string | undefined
  lastDelivered: string | undefined
  waiting: { count: number; since: string } | undefined
  dead: number
  failing: { since: string; next: string; error: string } | undefined
}

export type UndeliveredRow = {
  id: string
  jti: string
  name: string
  company: string
  channel: Channel
  type: EventName
  state: 'dead' | 'waiting'
  attempts: number
  at: string
  settled: string | undefined
  error: string | undefined
}

/** views/events/stream.eta */
export type StreamPage = {
  id: string
  name: string
  delivery: Delivery
  eventsUri: string | undefined
  pollUri: string
  state: StreamState
  channels: ChannelShown[]
  dead: UndeliveredRow[]
  deadTotal: number
  done: 'chosen' | 'verified' | 'resent' | undefined
  fields: Record<string, string>
}

/** views/events/undelivered.eta */
export type UndeliveredPage = {
  list: ListView
  rows: UndeliveredRow[]
  /** Whether the reader may send again; an auditor reads. */
  mayResend: boolean
  resent: boolean
}

export function rowOf(seen: Seen, language: Language): StreamRow {
  const { service, channels } = seen
  const last = channels.map(({ lastDeliveredAt }) => lastDeliveredAt?.getTime() ?? 0)
  const newest = Math.max(0, ...last)
  return {
    href: `/company/events/${service.service.id}`,
    name: service.version.names[language],
    delivery: deliveryOf(seen),
    state: stateOf(seen),
    waiting: sum(channels.map(({ waiting }) => waiting)),
    dead: sum(channels.map(({ dead }) => dead)),
    lastDelivered: newest ? words(language).dateTime(new Date(newest)) : undefined,
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

function stateOf(seen: Seen): StreamState {
  const { channels, service } = seen
  if (channels.some(({ failingSince }) => failingSince)) return 'failing'
  if (channels.some(({ dead }) => dead > 0)) return 'undelivered'
  const takes = deliveryOf(seen) !== 'none' || service.version.backchannelLogoutUri !== undefined
  return takes ? 'fine' : 'none'
}

export function streamPage(
  seen: Seen,
  more: {
    language: Language
    issuer: string
    dead: { rows: readonly Undelivered[]; total: number }
    done: StreamPage['done']
    fields: Record<string, string>
  },
): StreamPage {
  const { service, channels } = seen
  const { language } = more
  const { eventsUri, backchannelLogoutUri, names } = service.version
  const uris = { push: eventsUri, poll: undefined, logout: backchannelLogoutUri }
  const delivery = deliveryOf(seen)
  return {
    id: service.service.id,
    name: names[language],
    delivery,
    eventsUri,
    pollUri: `${more.issuer}/api/v1/events/poll`,
    state: stateOf(seen),
    channels: channels
      .filter(({ channel, ...state }) => channel === delivery || uris[channel] || wasUsed(state))
      .map((state) => channelShown(state, uris[state.channel], language)),
    dead: more.dead.rows.map((row) => undeliveredRow(row, language)),
    deadTotal: more.dead.total,
    done: more.done,
    fields: more.fields,
  }
}

const wasUsed = ({ waiting, dead, lastDeliveredAt }: Omit<ChannelState, 'channel'>) =>
  waiting + dead > 0 || lastDeliveredAt !== null

function channelShown(
  state: ChannelState,
  uri: string | undefined,
  language: Language,
): ChannelShown {
  const w = words(language)
  const { failingSince, nextAt, lastError } = state
  const t = messages[language].events
  return {
    channel: state.channel,
    uri,
    lastDelivered: state.lastDeliveredAt ? w.dateTime(state.lastDeliveredAt) : undefined,
    waiting: state.waitingSince
      ? { count: state.waiting, since: w.dateTime(state.waitingSince) }
      : undefined,
    dead: state.dead,
    failing:
      failingSince && nextAt
        ? {
            since: w.dateTime(failingSince),
            next: w.dateTime(nextAt),
            error: t.error(lastError ?? ''),
          }
        : undefined,
  }
}

export function undeliveredRow(row: Undelivered, language: Language): UndeliveredRow {
  const w = words(language)
  const { id, jti, channel, type, attempts, lastError } = row
  return {
    ...{ id, jti, channel, type, attempts },
    name: row.names[language],
    company: row.company[language],
    state: row.state === 'dead' ? 'dead' : 'waiting',
    at: w.dateTime(row.createdAt),
    settled: row.settledAt ? w.dateTime(row.settledAt) : undefined,
    error: lastError === null ? undefined : messages[language].events.error(lastError),
  }
}
