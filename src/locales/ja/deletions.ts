/** Requests to erase what a company received: the portal, and the resident's page of a service (M5, R7). */
export const deletions = {
  title: '削除の依頼',
  lead: '利用を撤回した方が、渡った情報の削除を依頼しています。期限までに、結果を答えてください。答えは、ご本人に伝わります。',
  empty: '削除の依頼は、まだありません。',
  nothing: 'この絞り込みに合う依頼はありません。',
  filters: { open: '答えを待っているもの', answered: '答えたもの' },
  number: '受付番号',
  service: 'サービス',
  subject: '対象のユーザーID',
  askedAt: '依頼の日時',
  due: '答えの期限',
  state: '状態',
  states: {
    overdue: '期限を過ぎています',
    pending: '答えを待っています',
    done: 'すべて削除',
    partly: '一部を削除',
    refused: '削除しない',
  },
  chips: { overdue: 'bad', pending: 'must', done: 'good', partly: 'warn', refused: 'still' },
  answer: {
    title: '答える',
    given: '答え',
    lead: '答えは1度だけです。送ったあとは変えられません。',
    outcome: '結果',
    outcomes: {
      done: 'すべて削除した',
      partly: '一部を削除した',
      refused: '削除しない',
    },
    doneOn: '削除した日',
    doneOnHint:
      '「すべて削除した」「一部を削除した」ときに入力します。依頼の前に削除していたときは、その日です。',
    doneOnRange: (first: string) => `この方が同意した${first}から、今日までの日付にしてください`,
    reason: '残すものと、その理由',
    reasonHint:
      '一部を残すとき、削除しないときに、法律の名前などを入れて書きます。ご本人が読みます。個人情報は書かないでください。ご本人がまちIDの登録をやめると、書いた内容は残りません。',
    gone: 'ご本人がまちIDの登録をやめたため、残っていません。',
    submit: 'この内容で答える',
    at: '答えた日時',
  },
  own: {
    of: (company: string) => `依頼した会社：${company}`,
    asked: (at: string) => `${at}に、渡った情報の削除を依頼しました。`,
    pending: (due: string) => `会社の答えを待っています。期限は${due}です。`,
    overdue: (due: string) =>
      `${due}の期限を過ぎても、会社の答えがありません。まちIDの窓口でも確かめています。`,
  },
}
