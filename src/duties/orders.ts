/** 管理状況の報告 at any time and 是正の求め (S-47), with the clock of the answer (S-48). */
import { endOfDay } from '../input/days.ts'
import { cancelling } from './cancelling.ts'
import { field, textOf, type Act, type Noun, type State } from './model.ts'
import { dueFaults } from './reports.ts'

const request: Act = {
  who: 'giver',
  from: [],
  fields: [field.must('questions', 'text'), field.must('due', 'day')],
  operators: ['registrar', 'privacy_officer'],
  staff: ['manager'],
  document: true,
  next: () => 'requested',
  faults: dueFaults,
  due: (values) => endOfDay(textOf(values, 'due')),
}

const order: Act = {
  ...request,
  fields: [
    field.must('leak_feared', 'text'),
    field.must('measures_wanted', 'text'),
    field.must('due', 'day'),
  ],
  operators: ['approver'],
  next: () => 'ordered',
}

const reply = (from: State, name: string): Act => ({
  who: 'receiver',
  from: [from],
  fields: [field.must(name, 'text'), field.may('remarks', 'text')],
  operators: ['registrar', 'privacy_officer'],
  staff: ['manager'],
  document: true,
  next: () => 'replied',
  due: () => null,
})

const again = (next: State): Act => ({
  who: 'giver',
  from: ['replied'],
  fields: [field.must('missing', 'text'), field.must('due', 'day')],
  operators: ['registrar', 'approver', 'privacy_officer'],
  staff: ['manager'],
  document: true,
  next: () => next,
  faults: dueFaults,
  due: (values) => endOfDay(textOf(values, 'due')),
})

const close: Act = {
  who: 'giver',
  from: ['replied'],
  fields: [field.must('conclusion', 'text')],
  operators: ['registrar', 'approver', 'privacy_officer'],
  staff: ['manager'],
  document: true,
  next: () => 'closed',
  due: () => null,
}

export const management: Noun = {
  row: 'S-47',
  on: 'flow',
  opens: 'request',
  acts: {
    request,
    reply: reply('requested', 'management_state'),
    again: again('requested'),
    close,
    cancel: cancelling(['requested', 'replied'], 'giver'),
  },
}

export const orders: Noun = {
  row: 'S-47',
  on: 'flow',
  opens: 'order',
  acts: {
    order,
    reply: reply('ordered', 'measures_taken'),
    again: again('ordered'),
    close,
    cancel: cancelling(['ordered', 'replied'], 'giver'),
  },
}
