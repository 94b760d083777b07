/** 取りやめ: the consortium ends a case that nobody will answer, or takes back what it asked for itself. */
import { field, type Act, type Around, type Faults, type State, type Values } from './model.ts'

/**
 * The way out of these states, for the consortium: with a reason, as a document.
 *
 * @param opener the side of the flow that opens such a case
 */
export const cancelling = (from: readonly State[], opener: 'giver' | 'receiver'): Act => ({
  who: 'consortium',
  from,
  fields: [field.must('reason', 'text')],
  operators: ['approver'],
  staff: [],
  document: true,
  next: () => 'cancelled',
  ready: (around) => mayCancel(around, opener),
  faults: (_: Values, around): Faults =>
    mayCancel(around, opener) ? {} : { reason: { rule: 'company_asked' } },
  due: () => null,
})

/** What a company asked for stands while the company is there: the consortium does not let itself off (S-36). */
function mayCancel({ memberGone, case: of }: Around, opener: 'giver' | 'receiver'): boolean {
  const receives = of?.receiver === 'consortium'
  return memberGone || (opener === 'receiver' ? receives : !receives)
}
