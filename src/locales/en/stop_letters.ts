import type { Messages } from '../index.ts'
import { stopReasons } from './stopping.ts'

type Letters = Messages['notices']['letters']

export const stopLetters: Pick<
  Letters,
  'service_stopped' | 'service_resumed' | 'company_stopped' | 'company_resumed'
> = {
  service_stopped: (v) => ({
    subject: v.excluded
      ? `Machi ID: ${v.provider} is no longer a member`
      : `Machi ID: services of ${v.provider} have stopped`,
    lines: [
      `Since ${v.at} these services of ${v.provider} cannot be used:`,
      ...v.services.map((service) => `- ${service}`),
      `${stopReasons[v.reason]}. Nothing you did caused this.`,
      ...(v.text ? [v.text] : []),
      'They receive nothing from that moment on. Your consents and records are kept.',
    ],
    link: { text: 'Open data use by service', href: v.link },
    notes: [
      'You need not do anything. On that page you can withdraw, and ask for what was shared to be erased.',
    ],
  }),
  service_resumed: (v) => ({
    subject: `Machi ID: services of ${v.provider} work again`,
    lines: [
      `Since ${v.at} these services of ${v.provider} work again:`,
      ...v.services.map((service) => `- ${service}`),
      'Your consents are as they were. Your information is shared again once you next sign in.',
    ],
    link: { text: 'Open data use by service', href: v.link },
    notes: ['If you do not want that, you can withdraw on that page.'],
  }),
  company_resumed: (v) => ({
    subject: `Machi ID: "${v.name}" works again`,
    lines: [
      `"${v.name}" works again since ${v.at}.`,
      ...(v.text ? [v.text] : []),
      'Tokens from before the stop stay dead. Residents can be served from their next sign-in.',
    ],
  }),
  company_stopped: (v) => ({
    subject: `Machi ID: "${v.name}" is to be ${v.turnedTo}`,
    lines: [
      `From ${v.at} "${v.name}" is ${v.turnedTo}.`,
      `${stopReasons[v.reason]}.`,
      ...(v.text ? [v.text] : []),
      'From then on authorization, token, userinfo, introspection and revocation refuse.',
      v.turnedTo === 'excluded'
        ? 'There is no way back but a new application.'
        : 'Lifting it takes the approval of two operators. Please ask the desk.',
    ],
  }),
}
