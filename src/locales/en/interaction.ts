import type { Messages } from '../index.ts'

export const interaction: Messages['interaction'] = {
  login: {
    title: 'Sign in',
    heading: 'Sign in with Machi ID',
    forService: ' asks you to sign in.',
    nothingYet: 'Signing in shares nothing. The next page shows what would be shared.',
    own: 'See what you registered, and what your services receive.',
    wrong: 'Email address or password is different',
    wrongText: 'Please try again. You can sign in once you have opened the link in our mail.',
    resend: 'Send that mail again',
    notices: {
      session_ended: {
        title: 'Please sign in again',
        text: 'Too much time has passed, so you were signed out.',
      },
      signed_out: { title: 'You are signed out', text: 'Your consents stay as they are.' },
      password_changed: {
        title: 'Your password is changed',
        text: 'Please sign in with the new one.',
      },
    },
    forgot: 'Forgot your password?',
    submit: 'Sign in',
    first: 'New here?',
    signup: 'Create your Machi ID',
    cancel: 'Back to the service without signing in',
  },
  errors: (code) =>
    code === 'invalid_client' || code === 'invalid_redirect_uri'
      ? {
          title: 'The service sent you here incorrectly',
          text: 'Its settings do not match what is registered, so we cannot go on. This is not caused by anything you did. Please tell the service. Nothing was shared.',
        }
      : code === 'session_not_found'
        ? {
            title: 'This has already ended',
            text: 'It was answered or took too long. Go back to the service and sign in again if you need to.',
          }
        : {
            title: 'Sign-in could not be started',
            text: 'We cannot accept the request of the service. Go back to it and try again. Nothing was shared.',
          },
  logout: {
    title: 'Sign out',
    heading: 'Sign out?',
    from: (service) => `“${service}” asked to sign you out.`,
    plain: 'A service asked to sign you out.',
    effect:
      'You will be signed out of Machi ID in this browser, and of the services you use with it here. Your consents stay as they are.',
    submit: 'Sign out',
    stay: 'Stay signed in',
    done: 'You are signed out',
    doneText: 'Your consents to services stay as they are.',
    again: 'Sign in again',
  },
  profile: {
    title: 'Register your information',
    text: 'These are the items the service asks for that you have not registered yet. Fill in as many as you like.',
    nothingYet: 'Registering shares nothing. You decide on the next page.',
    submit: 'Register and go back',
    back: 'Back to what would be shared',
    complete: 'Nothing is missing.',
  },
  refuse: {
    title: 'What if you share nothing?',
    fewer: 'You can also share less',
    fewerText: 'These are optional. You can start without them.',
    unpicked: 'If not chosen',
    pick: 'Choose again what to share',
    answer: 'Do not agree',
    nothing: 'Nothing has been shared so far.',
    answered: 'Nothing was shared',
    answeredText: 'We took your “Do not agree”, but the service’s return address did not open.',
    toService: 'To the service’s page',
  },
}
