import type { Messages } from '../index.ts'
import { dutyLetters } from './duty_letters.ts'
import { noticePage, noticePosts } from './notice_posts.ts'
import { requestLetters, requestPosts } from './request_letters.ts'
import { notMe, residentLetters } from './resident_letters.ts'
import { reviewLetters } from './reviewing_letters.ts'
import { leakLetters } from './leak_letters.ts'
import { stopLetters } from './stop_letters.ts'
import { textLetters, textPosts } from './text_posts.ts'

/** A letter to whoever applied for a company. */
type ApplicationMail = { company: string; number: string; note: string; link: string }

export const notices: Messages['notices'] = {
  contact: (desk, phone) => `If you need help: ${desk}, ${phone}`,
  notMe,
  page: noticePage,
  posts: { ...noticePosts, ...requestPosts, ...textPosts },
  letters: {
    verify: (v) => ({
      subject: 'Machi ID: confirm your email address',
      lines: [
        `On ${v.at}, somebody registered for Machi ID with this address.`,
        'Open the link and press the button to finish.',
      ],
      link: { text: 'Confirm my address', href: v.link },
      notes: [
        'The link works once, within 24 hours.',
        'If it was not you, do not open it. The registration disappears after 7 days.',
      ],
    }),
    already_registered: (v) => ({
      subject: 'Machi ID: you are registered already',
      lines: [
        `On ${v.at}, somebody tried to register with this address.`,
        'It already has a Machi ID. Nothing about it was changed.',
        'If you forgot your password, you can set a new one from the sign-in page.',
      ],
      link: { text: 'Open the sign-in page', href: v.link },
      notes: ['If it was not you, there is nothing to do.'],
    }),
    recover: (v) => ({
      subject: 'Machi ID: set a new password',
      lines: [
        `On ${v.at}, somebody asked to set a new password.`,
        'Open the link and enter the new one.',
      ],
      link: { text: 'Set a new password', href: v.link },
      notes: [
        'The link works once, within 30 minutes.',
        'If it was not you, do not open it. Your password stays as it is.',
      ],
    }),
    password_changed: (v) => ({
      subject: 'Machi ID: your password was changed',
      lines: [`Your password was changed on ${v.at}.`, 'All other devices were signed out.'],
      link: { text: 'Set a new password', href: v.link },
      notes: ['If it was not you, set a new one at once with the link above.'],
    }),
    change_email: (v) => ({
      subject: 'Machi ID: confirm your new address',
      lines: [
        `On ${v.at}, somebody asked to use this address for their Machi ID.`,
        'Open the link and press the button to change it.',
      ],
      link: { text: 'Use this address', href: v.link },
      notes: [
        'The link works once, within 24 hours.',
        'If it was not you, do not open it. Nothing will change.',
      ],
    }),
    email_changed: (v) => ({
      subject: 'Machi ID: your email address was changed',
      lines: [
        `On ${v.at}, the address of your Machi ID was changed to ${v.address}.`,
        'All other devices were signed out.',
      ],
      link: { text: 'Go back to this address', href: v.link },
      notes: [
        'If it was not you, undo it with this link. It works for 72 hours.',
        'If it was you, there is nothing to do.',
      ],
    }),
    email_restored: (v) => ({
      subject: 'Machi ID: your email address was restored',
      lines: [
        `On ${v.at}, the address of your Machi ID went back to this one.`,
        'To keep you safe, all devices were signed out and the password no longer works.',
      ],
      link: { text: 'Set a new password', href: v.link },
    }),
    sign_in_after_failures: (v) => ({
      subject: 'Machi ID: a sign-in after many failures',
      lines: [
        `After ${v.failures} failed attempts, somebody signed in on ${v.at}.`,
        'If it was you, there is nothing to do.',
      ],
      link: { text: 'Set a new password', href: v.link },
      notes: ['If it was not you, set a new one at once with the link above.'],
    }),
    withdrawn: (v) => ({
      subject: 'Machi ID: you withdrew your consent',
      lines: [
        `On ${v.at}, you withdrew your consent for:`,
        ...v.services.map((service) => `- ${service}`),
        'From that moment nothing is shared with it any more.',
        `Reference: ${v.number}`,
        ...(v.deletionDue
          ? [
              `Erasure of what was passed on is asked for as well. To be answered by ${v.deletionDue}.`,
            ]
          : []),
      ],
      link: { text: 'Open “Data use by service”', href: v.link },
      notes: ['A signed receipt is attached to this mail.'],
    }),
    withdrawn_on_request: (v) => ({
      subject: 'Machi ID: use ended on your request',
      lines: [
        `On ${v.at}, on your request ${v.request}, the consortium ended the use of:`,
        ...v.services.map((service) => `- ${service}`),
        'From that moment nothing is shared with it any more.',
        `Reference: ${v.number}`,
        ...(v.deletionDue
          ? [
              `Erasure of what was passed on is asked for as well. To be answered by ${v.deletionDue}.`,
            ]
          : []),
      ],
      link: { text: 'Open “Data use by service”', href: v.link },
      notes: [
        'A signed receipt is attached to this mail.',
        'To use it again, sign in at the service and agree once more.',
        'If it was not you who asked, tell the help desk too.',
      ],
    }),
    withdrawn_by_service: (v) => ({
      subject: 'Machi ID: a service’s app ended your consent',
      lines: [
        `On ${v.at}, your consent was withdrawn from the app of:`,
        ...v.services.map((service) => `- ${service}`),
        'From that moment nothing is shared with it any more.',
        `Reference: ${v.number}`,
      ],
      link: { text: 'Open “Data use by service”', href: v.link },
      notes: [
        'To use it again, sign in at the service and agree once more.',
        'If it was not you, tell the help desk too.',
      ],
    }),
    deletion_request: (v) => ({
      subject: `Machi ID: request to erase what “${v.service}” received`,
      lines: [
        v.granted
          ? `On ${v.at}, Machi ID granted the request of a person who no longer uses “${v.service}”: what it received is to be erased.`
          : `On ${v.at}, a resident withdrew from “${v.service}” and asked that what it received be erased.`,
        `User ID: ${v.subject}`,
        `Reference: ${v.number}`,
        `Answer by: ${v.due}`,
        'Please answer in the portal: the day of erasure, or what stays and why. The resident reads the answer.',
      ],
      link: { text: 'Open the requests to erase', href: v.link },
    }),
    deletion_answered: (v) => ({
      subject: 'Machi ID: answer to your request to erase',
      lines: [
        `On ${v.at}, “${v.service}” answered your request to erase what it received.`,
        {
          done: 'Everything was erased.',
          partly: 'A part was erased. What stays, and why:',
          refused: 'It was not erased. The reason:',
        }[v.outcome],
        ...(v.reason ? [v.reason] : []),
      ],
      link: { text: 'Read more', href: v.link },
      notes: ['If you do not agree, tell the company or the Machi ID help desk.'],
    }),
    closing_begun: (v) => ({
      subject: 'Machi ID: your account is being closed',
      lines: [
        `On ${v.at}, you asked to close your account. What you registered is erased on ${v.until}.`,
        'From this moment nothing goes to any service.',
        ...(v.services.length
          ? ['Withdrawn, and asked to erase:', ...v.services.map((name) => `- ${name}`)]
          : []),
      ],
      link: { text: 'Open this to call it off', href: v.link },
      notes: [
        'If it was not you, stop it with the link below, set a new password, sign in and call it off.',
      ],
    }),
    closing_called_off: (v) => ({
      subject: 'Machi ID: your account stays',
      lines: [
        `On ${v.at}, you called off the closing of your account.`,
        'Consents you withdrew have not come back. You are asked anew when you next use a service.',
      ],
      link: { text: 'Open Machi ID', href: v.link },
      notes: ['If it was not you, change your password and tell the help desk.'],
    }),
    account_closed: (v) => ({
      subject: 'Machi ID: what you registered was erased',
      lines: [
        `On ${v.at}, what you registered was erased. This is the last mail from Machi ID.`,
        'What stays is kept under a number that leads to no name. The page “Handling of personal data” of Machi ID says what stays, and how long.',
        'If you sign up again, your user ID is a new one.',
      ],
      link: { text: 'To sign up again', href: v.link },
    }),
    service_keys_changed: (v) => ({
      subject: 'Machi ID: the public keys of a service were changed',
      lines: [
        `At ${v.at} somebody of your company replaced the public keys of the service ${v.clientId}.`,
      ],
      link: { text: 'Open keys and secrets', href: v.link },
      notes: ['If you did not expect this, restore the keys at once and tell our help desk.'],
    }),
    service_secret_issued: (v) => ({
      subject: 'Machi ID: a secret of a service was issued',
      lines: [
        `At ${v.at} somebody of your company issued a secret for the service ${v.clientId}.`,
        'The one before does not work any more.',
      ],
      link: { text: 'Open keys and secrets', href: v.link },
      notes: ['If you did not expect this, replace the secret at once and tell our help desk.'],
    }),
    application_received: (v: ApplicationMail) => ({
      subject: `Machi ID: we received your application (${v.number})`,
      lines: [
        `We received the application of ${v.company} to become a member.`,
        `Number: ${v.number}`,
        'Two people of the operator look at it. We will write to this address.',
      ],
      link: { text: 'See where it stands', href: v.link },
      notes: [
        'The link works for 30 days. You can also take the application back there.',
        'If you know nothing of this, please throw this mail away.',
      ],
    }),
    application_returned: (v: ApplicationMail) => ({
      subject: `Machi ID: please correct your application (${v.number})`,
      lines: [
        `About the application of ${v.company}, the operator asks:`,
        ...v.note.split('\n'),
        `Number: ${v.number}`,
      ],
      link: { text: 'Correct the application', href: v.link },
      notes: ['The link works for 30 days. What you entered is still there.'],
    }),
    application_approved: (v) => ({
      subject: `Machi ID: your application was approved (${v.number})`,
      lines: [
        `Dear ${v.name},`,
        `The application of ${v.company} to become a member was approved.`,
        `Number: ${v.number}`,
        'You are registered as the first manager of this company. Open the link and choose how you sign in.',
        'After signing in you can invite others and begin to draft a service. The operator will write to you about the data use contract.',
      ],
      link: { text: 'Choose how you sign in', href: v.link },
      notes: [
        `The link works until ${v.until}, once.`,
        'If you did not expect this, do not open the link and tell the help desk.',
      ],
    }),
    application_refused: (v) => ({
      subject: `Machi ID: we could not accept your application (${v.number})`,
      lines: [
        `We examined the application of ${v.company} and do not accept it. The reasons:`,
        ...v.note.split('\n'),
        `Number: ${v.number}`,
        'If you have questions, please write to the desk below.',
      ],
    }),
    profile_decided: (v: { decision: 'approved' | 'returned' | 'refused'; note: string }) => ({
      subject: {
        approved: 'Machi ID: the change of your company was approved',
        returned: 'Machi ID: please correct the change of your company',
        refused: 'Machi ID: the change of your company was not accepted',
      }[v.decision],
      lines: [
        {
          approved: 'What you handed in is now in force.',
          returned:
            'The operator asks the following. Please correct it on the page of your company.',
          refused: 'What you handed in is not accepted. The reasons:',
        }[v.decision],
        ...v.note.split('\n').filter((line) => line !== ''),
      ],
    }),
    member_contact_changed: (v: { company: string; by: string }) => ({
      subject: `Machi ID: the contact of ${v.company} changed`,
      lines: [
        `${v.by}, a manager of ${v.company}, changed the contact of the company.`,
        'It is shown on the consent screen and elsewhere at once.',
      ],
      notes: ['If you know nothing of this, please tell the desk of the operator at once.'],
    }),
    member_left: (v: { company: string }) => ({
      subject: `Machi ID: ${v.company} has left`,
      lines: [
        `${v.company} is no longer a member of Machi ID.`,
        'Its services and sign-ins have stopped as of now.',
        'The duties of the contract, such as keeping records, go on.',
      ],
    }),
    member_renamed: (v: { before: string; after: string; services: string[] }) => ({
      subject: `Machi ID: ${v.before} is now called ${v.after}`,
      lines: [
        `A company whose service you use changed its name from ${v.before} to ${v.after}.`,
        'It is still the same company. What it receives, and why, stays the same.',
        'Its services:',
        ...v.services.map((service) => `- ${service}`),
        'You need not do anything. You can stop using a service at any time under "Data use by each service".',
      ],
    }),
    handed_over: (v: { services: string[]; from: string; to: string }) => ({
      subject: 'Machi ID: services were handed over',
      lines: [
        `These services went from ${v.from} to ${v.to}.`,
        ...v.services.map((service) => `- ${service}`),
        'The keys, secret and redirect URIs used so far no longer work. The new company registers its own in the next version, has it approved, and then opens the service.',
        'As another company receives the data, residents are asked anew at their next sign-in after that. Nothing is passed until then.',
      ],
    }),
    ...residentLetters,
    ...reviewLetters,
    ...stopLetters,
    ...leakLetters,
    ...dutyLetters,
    ...requestLetters,
    ...textLetters,
    people_invitation: (v) => ({
      subject: 'Machi ID: your invitation',
      lines: [
        `Dear ${v.name},`,
        v.area === 'operator'
          ? 'You have been registered as an operator of the consortium.'
          : 'You have been registered as staff of a member company.',
        'Open the link and choose how you sign in.',
      ],
      link: { text: 'Choose how you sign in', href: v.link },
      notes: [
        `The link works until ${v.until}, once.`,
        ...(v.again ? ['Ways of signing in that you had before no longer work.'] : []),
        'If you did not expect this, do not open the link and tell the help desk.',
      ],
    }),
    people_factor_changed: (v) => ({
      subject: 'Machi ID: how you sign in has changed',
      lines: [
        {
          passkey_added: `A passkey was added at ${v.at}.`,
          passkey_removed: `A passkey was removed at ${v.at}.`,
          password_set: `A password and an authenticator app were set at ${v.at}.`,
          password_removed: `The password and the authenticator app were removed at ${v.at}.`,
        }[v.change],
        'You are signed out on every other device.',
      ],
      link: { text: 'See how you sign in', href: v.link },
      notes: ['If this was not you, tell the help desk at once.'],
    }),
    operator_ends_soon: (v) => ({
      subject: `Machi ID: ${v.days} days until your term ends`,
      lines: [
        `Dear ${v.name},`,
        `Your last day as an operator is ${v.lastDay}. From the next day on you cannot sign in.`,
        'If you are to go on, ask an administrator. Two of them have to act.',
      ],
      link: { text: 'Open operations', href: v.link },
    }),
    administrator_made: (v) => ({
      subject: 'Machi ID: an administrator was registered from the terminal',
      lines: [
        `At ${v.at}, ${v.name} was registered as an administrator from the server’s terminal.`,
      ],
      link: { text: 'Open the list of operators', href: v.link },
      notes: ['If you did not expect this, ask those who run the system at once.'],
    }),
    contract_ends: (v) => ({
      subject: `Machi ID: your data-use contract ends on ${v.on}`,
      lines: [
        `Data-use contract ${v.number} ends on ${v.on} (${v.left} days left).`,
        'You are told because nothing renews it yet.',
        'Unless it is renewed, sign-in to your services and what they receive stop on the day after.',
      ],
      link: { text: 'Open the contract', href: v.link },
      notes: ['If you want to go on, tell the consortium.'],
    }),
  },
}
