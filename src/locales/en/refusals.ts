import type { Messages } from '../index.ts'

export const refusals: Messages['refusals'] = {
  invalid_input: {
    title: 'We could not read what was sent',
    text: 'Please go back to the previous page and try again.',
  },
  not_json: {
    title: 'This is not JSON that can be read',
    text: 'Please send JSON in UTF-8 in which no key stands twice.',
  },
  not_found: { title: 'Page not found', text: 'The address may have changed or be mistyped.' },
  csrf: {
    title: 'This form could not be accepted',
    text: 'It may be too old or have been sent from another page. Reopen the previous page and try again.',
  },
  sign_in_required: { title: 'Please sign in', text: 'Sign in first, then open this page again.' },
  too_many_attempts: {
    title: 'Please wait a little',
    text: 'There were many attempts in a short time. Wait about a minute and try again.',
  },
  link_expired: {
    title: 'This link no longer works',
    text: 'It has expired or was already used. Please ask for a new mail.',
  },
  under_age: {
    title: 'You cannot register yet',
    text: 'The age condition is not met. Nothing you entered was stored.',
  },
  interaction_expired: {
    title: 'Please start again',
    text: 'Too much time has passed. Go back to the service and sign in again. Nothing was shared.',
  },
  interaction_foreign: {
    title: 'This cannot be continued here',
    text: 'It was started by another person or in another browser. Please start again from the service.',
  },
  already_answered: {
    title: 'This page was already answered',
    text: 'One page can be answered once. See the present state under “Data use by service”.',
  },
  service_not_available: {
    title: 'Nothing can be shared with this service now',
    text: 'The service is suspended or has ended. This is not caused by anything you did. Nothing was shared.',
  },
  contract_not_in_force: {
    title: 'Nothing can be shared with this service now',
    text: 'Its provider’s contract is not in term. This is not caused by anything you did. Nothing was shared.',
  },
  item_over_ceiling: {
    title: 'Nothing can be shared with this service now',
    text: 'It asked for more than its contract allows. This is not caused by anything you did. Nothing was shared.',
  },
  consent_not_found: {
    title: 'No consent found',
    text: 'There is no consent to this service at present.',
  },
  return_address_dead: {
    title: 'We cannot lead you back',
    text: 'The service’s return address does not work. Please reopen the service. Nothing was shared.',
  },
  body_too_large: { title: 'Too much was sent', text: 'Please shorten it and try again.' },
  unsupported_media_type: {
    title: 'This format is not accepted',
    text: 'Please use the form on the page.',
  },
  method_not_allowed: {
    title: 'This operation is not accepted',
    text: 'Please use the buttons and links of the page.',
  },
  host_not_allowed: { title: 'Wrong address', text: 'Please open the correct address.' },
  not_ready: { title: 'Not ready just now', text: 'Please try again in a little while.' },
  wrong_state: {
    title: 'This cannot be done now',
    text: 'The state may have changed. Please reload the page.',
  },
  role_missing: {
    title: 'Your role does not allow this',
    text: 'Please ask an administrator if you need it. Nothing was changed.',
  },
  confirmation_needed: {
    title: 'Please confirm who you are again',
    text: 'This needs a second factor shown within the last five minutes. Nothing was changed.',
  },
  last_administrator: {
    title: 'The last administrator has to stay',
    text: 'There must always be an administrator who can sign in. Make somebody else one first.',
  },
  second_person_needed: {
    title: 'Another person has to approve this',
    text: 'It takes somebody who neither wrote, edited nor proposed it. Nothing was changed.',
  },
  other_side: {
    title: 'You cannot sign in here',
    text: 'This is a service under test, or an ID made for testing. You did nothing wrong. Nothing was handed over.',
  },
  changed_meanwhile: {
    title: 'This was changed while you looked at it',
    text: 'Please read the new content and decide again. Nothing was changed.',
  },
  token_invalid: {
    title: 'This access token is not valid',
    text: 'Please ask for a new access token.',
  },
  scope_missing: {
    title: 'This access token does not allow it',
    text: 'Please use an access token with the scope that is needed.',
  },
  defect: {
    title: 'Something went wrong',
    text: 'The fault is on our side, not yours. If it goes on, please tell the help desk the number below.',
  },
}
