import type { Messages } from '../index.ts'

export const people: Messages['people'] = {
  areas: { operator: 'Operations', staff: 'Member company' },
  login: {
    title: 'Sign in',
    heading: { operator: 'Sign in to operations', staff: 'Sign in for your company' },
    text: {
      operator: 'This page is for people who work for the consortium.',
      staff: 'This page is for people who work for a member company.',
    },
    wrong: 'Email address or password is wrong',
    wrongText: 'Please try again. You cannot sign in once your term has ended.',
    notices: {
      signed_out: { title: 'You are signed out', text: 'Your work in this browser has ended.' },
      expired: {
        title: 'Please start again',
        text: 'Too much time has passed, or a step was skipped.',
      },
    },
    submit: 'Next',
    submitNote: 'On the next page you enter the six digits of your authenticator app.',
    resident: 'For residents: sign in to Machi ID',
  },
  code: {
    title: 'Code',
    heading: 'Enter the code of your authenticator app',
    text: 'Six digits that change every 30 seconds.',
    label: 'Six digits',
    wrong: 'The code is wrong',
    wrongText: 'Enter the code shown now. A code works only once.',
    submit: 'Sign in',
    again: 'Start again',
  },
  logout: {
    title: 'Sign out',
    heading: 'Do you want to sign out?',
    text: 'This ends your session in this browser.',
    submit: 'Sign out',
    stay: 'Stay signed in',
  },
}
