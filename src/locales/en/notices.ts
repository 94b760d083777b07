import type { Messages } from '../index.ts'

export const notices: Messages['notices'] = {
  contact: (desk, phone) => `If you need help: ${desk}, ${phone}`,
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
      ],
      link: { text: 'Open “Data use by service”', href: v.link },
      notes: ['If it was not you, sign in to check, and tell the help desk.'],
    }),
    deletion_request: (v) => ({
      subject: `Machi ID: request to erase what “${v.service}” received`,
      lines: [
        `On ${v.at}, a resident withdrew from “${v.service}” and asked that what it received be erased.`,
        `User ID: ${v.subject}`,
        `Reference: ${v.number}`,
        'Please tell the resident and the Machi ID desk the outcome, and name any record the law requires you to keep.',
      ],
    }),
  },
}
