import type { deletions as ja } from '../ja/deletions.ts'

export const deletions: typeof ja = {
  title: 'Requests to erase',
  lead: 'People who withdrew ask that what you received be erased. Please answer in time; the person reads the answer.',
  empty: 'No requests to erase yet.',
  nothing: 'No request matches this filter.',
  filters: { open: 'Waiting for an answer', answered: 'Answered' },
  number: 'Reference',
  service: 'Service',
  subject: 'User ID concerned',
  askedAt: 'Asked at',
  due: 'Answer by',
  state: 'State',
  states: {
    overdue: 'Overdue',
    pending: 'Waiting for an answer',
    done: 'All erased',
    partly: 'Partly erased',
    refused: 'Not erased',
  },
  chips: { overdue: 'bad', pending: 'must', done: 'good', partly: 'warn', refused: 'still' },
  answer: {
    title: 'Answer',
    given: 'The answer',
    lead: 'There is one answer. Once sent it cannot be changed.',
    outcome: 'Outcome',
    outcomes: { done: 'Everything erased', partly: 'A part erased', refused: 'Not erased' },
    doneOn: 'Day of erasure',
    doneOnHint:
      'For “everything erased” and “a part erased”. Where it was erased before the request: that day.',
    doneOnRange: (first) => `Choose a day from ${first}, when the person agreed, to today`,
    reason: 'What stays, and why',
    reasonHint:
      'Where something stays: name the law. The person reads this. Write no personal data. Once the person has closed the account, it is not kept.',
    gone: 'Not kept, since the person has closed the account.',
    submit: 'Send this answer',
    at: 'Answered at',
  },
  own: {
    of: (company) => `Asked of: ${company}`,
    asked: (at) => `On ${at}, you asked that what was received be erased.`,
    pending: (due) => `Waiting for the company’s answer, due by ${due}.`,
    overdue: (due) =>
      `The company has not answered by ${due}. The Machi ID help desk is looking into it.`,
  },
}
