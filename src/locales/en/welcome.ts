import type { Messages } from '../index.ts'

export const welcome: Messages['welcome'] = {
  title: 'One ID for the services of your city',
  phrases: ['One ID for ', 'the services of your city'],
  lead: 'With Machi ID you sign in to many services of the city with a single ID.',
  signUp: 'Create a Machi ID',
  signIn: 'Sign in',
  account: 'Your registered data',
  how: 'What Machi ID promises',
  points: [
    {
      title: 'You see it before it is shared',
      text: 'Which company, which items, for what and until when – with your own values, in full.',
    },
    {
      title: 'Only what you choose is shared',
      text: 'No optional item is ticked at first. What is not written on the page goes nowhere.',
    },
    {
      title: 'You can stop at any time',
      text: 'Withdraw under “Data use by service” and nothing more is shared from that moment. You also see there what was shared.',
    },
  ],
  services: 'Services you can use',
  by: (company) => `Provided by ${company}`,
  allServices: 'See all services',
  noServices: 'There are no services yet.',
}
