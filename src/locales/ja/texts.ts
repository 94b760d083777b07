/** 文面の版: every published version, and the ones a resident agreed to. */
export const texts = {
  title: '文面と規約の版',
  lead: 'まちIDが公開した文面と規約の、すべての版です。版は、公開した後に変わりません。',
  toAll: 'すべての版',
  allOf: '文面と規約のすべての版を見る',
  from: (date: string) => `${date}から`,
  languages: { ja: '日本語', en: '英語' } as Record<'ja' | 'en', string>,
  readIn: { ja: '日本語で読む', en: '英語で読む' } as Record<'ja' | 'en', string>,
  otherLanguage: { ja: '日本語の文面を読む', en: '英語の文面を読む' } as Record<
    'ja' | 'en',
    string
  >,
  textLanguage: '文面の言語',
  state: '状態',
  begins: '始まる日',
  change: '前の版からの変え方',
  changes: {
    ask: 'あらためて同意をうかがう変更',
    notice: 'お知らせする変更（あらためての同意は要りません）',
  },
  reason: '変えた理由',
  toChanges: '前の版との違いを見る',
  changesTitle: '前の版との違い',
  hash: '文面の指紋（SHA-256）',
  hashMeaning:
    '同意の記録と控えには、この指紋が残ります。下のファイルの指紋を計算すると、この文面と同じかどうかを、だれでも確かめられます。',
  source: '指紋のもとになるファイルを受け取る',
  blanks:
    '同意画面では、〔 〕の所にサービスごとの言葉が入ります。1つの見出しに何通りかあるときは、そのうち1つだけが出ます。',
  values:
    '名前や連絡先は、いまのものが入っています。文面は、指紋が示すとおり、公開したときのままです。',
  place: (name: string) => `〔${name}〕`,
  places: {
    service: 'サービスの名前',
    provider: '提供者の名称',
    contact: 'サービスの窓口',
    until: '最後の日',
    retention: '保存期間',
    consortium: '運営者',
    lead: '代表の加盟企業',
    desk: 'まちIDの窓口',
  },
  when: {
    own: '運営者や市が自ら行うサービスのとき',
    company: '運営者が法人のとき',
    association: '運営者が法人になる前のとき',
    city: '運営者が市のとき',
    public: '共通のユーザーIDを渡すとき',
    pairwise: '専用のユーザーIDを渡すとき',
    own_service: '運営者や市が自ら行うサービスのとき',
  },
  mine: {
    title: '同意した文面',
    lead: 'これまでに同意した文面を、同意したときの版と言語のまま読めます。',
    empty: '同意した文面は、まだありません。',
    read: '文面を読む',
    readOf: (title: string, edition: string, language: string) =>
      `${title} ${edition}（${language}）の文面を読む`,
    answers: 'お客様の答え',
    newest: '最後に答えた日',
    count: (count: number) => `${count}件`,
    screen: '画面を見る',
    receipt: '控えを見る',
    link: 'これまでに同意した文面を読む',
  },
  answers: {
    service: (service: string) => `「${service}」に情報を渡すことに同意しました`,
    provision: {
      given: '加盟企業への提供に同意しました',
      not_given: '加盟企業への提供を止めました（または、同意しませんでした）',
    },
    collection: {
      given: 'サービスからの収集に同意しました',
      not_given: 'サービスからの収集に同意しませんでした（または、止めました）',
    },
    terms: { given: '新しい規約に同意しました', not_given: '新しい規約に同意しませんでした' },
  },
}
