/** Reads what a page of the resident's own needs and composes it. */
import type { Catalogue } from '../catalogue/model.ts'
import type { Ctx } from '../http/state.ts'
import { dayOf } from '../input/days.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import * as members from '../members/actions.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { standing as serviceStanding, type ServiceNow } from '../services/model.ts'
import * as consents from './actions.ts'
import { asAgreed } from './ending.ts'
import { shownDeletions } from './deletion_shown.ts'
import { isInForce, subjectOfConsent, type Consent } from './model.ts'
import {
  agreedItems,
  itemLabel,
  labelsOf,
  showingHref,
  statusOf,
  stoppedOn,
  stopShown,
  untilOf,
  type View,
} from './overview.ts'
import type * as pages from './pages.ts'
import * as queries from './queries.ts'
import { faceOf } from './screen.ts'
import { textNews } from './text_news.ts'

/** The resident of this request. @throws Refusal sign_in_required */
export async function residentIn(ctx: Ctx): Promise<Resident> {
  const signedIn = ctx.state.resident
  const resident = signedIn && (await residents.find(ctx.state.env, signedIn.residentId))
  if (!resident) throw new Refusal('sign_in_required')
  return resident
}

export async function viewOf(ctx: Ctx, residentId: string, catalogue: Catalogue): Promise<View> {
  const { env, language } = ctx.state
  const [all, stops, provision] = await Promise.all([
    services.list(env),
    members.stopsInForce(env),
    residents.provisionTerms(env, residentId),
  ])
  return {
    language,
    now: env.now(),
    catalogue,
    provision,
    services: new Map(all.map((service) => [service.service.id, service])),
    stops,
  }
}

/**
 * One service this resident has to do with: `service` as it was agreed to, by its company, and `now` as it is (S-59).
 *
 * @throws Refusal consent_not_found
 */
export async function relation(ctx: Ctx, resident: Resident, view: View) {
  const { env } = ctx.state
  const id = String(ctx['params'].serviceId)
  const now = view.services.get(id)
  const [row] = now ? await queries.cards(env.db, resident.id, id) : []
  if (!now || !row) throw new Refusal('consent_not_found')
  const service = await asAgreed(env, resident, { consent: row.consent, service: now })
  return { service, now, row, status: statusOf(row, view) }
}

export async function servicePage(
  ctx: Ctx,
  resident: Resident,
  view: View,
  notice: pages.ServicePage['notice'],
): Promise<pages.ServicePage> {
  const { env, language } = ctx.state
  const { service, now, row, status } = await relation(ctx, resident, view)
  const { id } = service.service
  const [provided, recent, versions, deletions] = await Promise.all([
    queries.provided(env.db, resident.id, row.consent),
    queries.provisions(env.db, resident.id, row.consent, 5),
    queries.versions(env.db, resident.id, id),
    shownDeletions(ctx, row.consent),
  ])
  const changed = isInForce(row, view.provision, view.now)
    ? await consents.changedValues(env, resident, row)
    : []
  const w = words(language)
  const t = messages[language].consents
  const { version, member } = service
  return {
    service: faceOf(service, language),
    status,
    stoppedOn: stoppedOn(row, status, view),
    stop: stopShown(row.consent, status, view),
    until: ['in_use', 'asleep', 'suspended'].includes(status)
      ? untilOf(row.consent, view)
      : undefined,
    items: agreedItems(
      row.content,
      {
        ...{ resident, changed },
        subject: subjectOfConsent(env.secrets.pairwise, resident.userId, row.content),
      },
      provided,
      view,
    ),
    declined: row.content.declined.map((item) => itemLabel(item, row.content, view)),
    agreed: {
      at: w.dateTime(row.answeredAt),
      language: row.content.language === 'en' ? 'en' : 'ja',
      text: t.textVersion(
        env.templates.version(row.content.template, row.content.templateVersion).title[language],
        row.content.templateVersion,
      ),
      textHref: `/account/texts/${row.content.template}/${row.content.templateVersion}/${row.content.language}`,
      showingHref: showingHref(id, row.content.showingId),
    },
    idKind: t.idKinds[row.content.subjectType],
    keeping: version.retention[language],
    provisions: recent.recent.map((p) => ({
      at: w.dateTime(p.at),
      items: p.items.map((item) => itemLabel(item, row.content, view)),
      path: p.path,
    })),
    provisionsTotal: recent.total,
    deletions,
    versions: versions.map((v) => ({
      at: w.dateTime(v.agreedAt),
      kind: v.kind,
      showingHref: v.shownAt ? showingHref(id, v.showingId) : undefined,
    })),
    contact: { ...version.contact, desk: version.contact.desk[language] },
    company: { address: member.address[language], representative: member.representative[language] },
    termsUrl: version.termsUrl,
    policyUrl: version.policyUrl,
    textNews: ['in_use', 'asleep'].includes(status)
      ? textNews(env, now, row.content, language)
      : undefined,
    isOpen: serviceStanding(now, view.now) === 'ok',
    notice,
  }
}

export type ChangeInput = {
  keep: readonly string[]
  until: string | undefined
  fields?: Record<string, string>
}

export function changePage(
  consent: Consent,
  service: ServiceNow,
  owner: { resident: Resident; subject: string },
  view: View,
  input?: ChangeInput,
): pages.ChangePage {
  const { language } = view
  const lastDay = dayOf(new Date(consent.endsAt.getTime() - 1))
  const keeps = (item: string) => !input || input.keep.includes(item)
  const dropped = consent.items.filter((item) => item.required && !keeps(item.item))
  return {
    service: faceOf(service, language),
    version: consent.version,
    items: agreedItems(consent, { ...owner, changed: [] }, [], view).map((item) => ({
      id: item.id,
      label: item.label,
      required: item.required,
      value: item.value,
      effect:
        service.version.items.find((asked) => asked.item === item.id)?.effects[language] ?? '',
      kept: keeps(item.id),
    })),
    until: {
      date: words(language).lastDay(consent.endsAt),
      earliest: dayOf(view.now),
      latest: lastDay,
      chosen: input?.until ?? lastDay,
    },
    fields: dropped.length ? undefined : input?.fields,
    fullStop: input ? labelsOf(dropped, consent, view) : [],
  }
}
