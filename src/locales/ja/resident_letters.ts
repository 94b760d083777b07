import type { Letter, NotMe } from '../letter.ts'

/** A consent as a letter says it: names of items, never their values. */
type Agreed = {
  at: string
  /** まちなか回遊アプリ（提供者：A社） */
  service: string
  items: string[]
  until: string
  /** Of the company: お客様窓口 00-1111-0001 */
  contact: string
  link: string
}

const HOW_TO_STOP = [
  'やめるとき：サインインして「各サービスでのデータ利用」を開き、サービスを選び、「利用を撤回する」を押してください。理由は要りません。',
]
const WITH_RECEIPT =
  '署名のある控えを、このメールに添付しました。「控えの確認ページ」で、だれでも本物かどうかを確かめられます。'

export const notMe: NotMe = {
  ask: 'お心当たりがないときは、次のリンクを開き、ボタンを押してください。すべての端末のサインインを終え、パスワードを決め直すまで、だれも入れないようにします。',
  text: '私ではありません',
  note: 'このリンクは14日間使えます。使えるのは1度だけです。開いただけでは、何も変わりません。',
}

const listed = (v: Agreed) => [
  `・サービス：${v.service}`,
  '・渡る項目：',
  ...v.items.map((item) => `　－${item}`),
  `・期限：${v.until}まで`,
  `・サービスの窓口：${v.contact}`,
  ...HOW_TO_STOP,
]

/** Where to withdraw from each, where there is something to withdraw. */
const waysOut = (all: readonly { name: string; withdrawHref: string | undefined }[]) =>
  all.flatMap(({ name, withdrawHref }) =>
    withdrawHref === undefined ? [] : [{ text: `${name}の利用を撤回する`, href: withdrawHref }],
  )

/** Letters to residents about their consents, their data and their sign-ins. */
export const residentLetters = {
  consent_given: (v: Agreed): Letter => ({
    subject: 'まちID：サービスへの提供に同意しました',
    lines: [`${v.at}に、次の内容に同意しました。`, ...listed(v)],
    link: { text: '同意の控えを開く', href: v.link },
    notes: [WITH_RECEIPT],
  }),
  consent_changed: (v: Agreed): Letter => ({
    subject: 'まちID：同意の内容が変わりました',
    lines: [`${v.at}に、同意の内容が変わりました。いまの内容は、次のとおりです。`, ...listed(v)],
    link: { text: '同意の控えを開く', href: v.link },
    notes: [WITH_RECEIPT],
  }),
  consent_paused: (v: { at: string; service: string; contact: string; link: string }): Letter => ({
    subject: 'まちID：サービスの利用を休みました',
    lines: [
      `${v.at}に、次のサービスの利用を休みました。`,
      `・サービス：${v.service}`,
      `・サービスの窓口：${v.contact}`,
      'その時から、このサービスへは何も渡りません。再開するときは、もう一度同意をうかがいます。',
    ],
    link: { text: '控えを開く', href: v.link },
    notes: [WITH_RECEIPT],
  }),
  profile_changed: (v: { at: string; items: string[]; link: string }): Letter => ({
    subject: 'まちID：登録情報が変わりました',
    lines: [`${v.at}に、次の登録情報が変わりました。`, ...v.items.map((item) => `・${item}`)],
    link: { text: '登録情報を開く', href: v.link },
    notes: ['変わった内容は、このメールには書いていません。'],
  }),
  terms_answered: (v: {
    at: string
    term: 'provision' | 'collection'
    given: boolean
    link: string
  }): Letter => ({
    subject: {
      provision: v.given
        ? 'まちID：サービスへの提供を始めました'
        : 'まちID：サービスへの提供を止めました',
      collection: v.given
        ? 'まちID：サービスからの収集を始めました'
        : 'まちID：サービスからの収集を止めました',
    }[v.term],
    lines: {
      provision: v.given
        ? [
            `${v.at}に、サービスへの提供を始めました。`,
            'サービスごとの同意は、次に使うときにあらためてうかがいます。',
          ]
        : [
            `${v.at}に、すべてのサービスへの提供を止めました。`,
            'その時から、どのサービスへも何も渡りません。',
          ],
      collection: [
        v.given
          ? `${v.at}に、サービスからの収集を始めました。`
          : `${v.at}に、サービスからの収集を止めました。`,
      ],
    }[v.term],
    link: { text: '登録情報を開く', href: v.link },
  }),
  new_device: (v: { link: string; at: string; device: string }): Letter => ({
    subject: 'まちID：新しい端末からサインインがありました',
    lines: [
      '初めての端末から、サインインがありました。',
      `・日時：${v.at}（日本時間）`,
      `・ブラウザー：${v.device}`,
      'ご自身であれば、何もしなくてかまいません。',
      notMe.ask,
    ],
    link: { text: notMe.text, href: v.link },
    notes: [notMe.note],
  }),
  sign_in_locked: (v: {
    link: string
    at: string
    addressRestored: boolean
    closingCalledOff: boolean
  }): Letter => ({
    subject: 'まちID：サインインを止めました',
    lines: [
      `${v.at}に、お知らせを受けて、すべての端末のサインインを終え、パスワードを使えなくしました。`,
      ...(v.addressRestored ? ['メールアドレスは、変わる前のものに戻しました。'] : []),
      ...(v.closingCalledOff
        ? [
            '登録をやめる手続きは、取りやめました。登録の内容は消えません。撤回した利用は、撤回のままです。',
          ]
        : []),
      '新しいパスワードを決めると、またサインインできます。',
      'サインインしたら、「各サービスでのデータ利用」と「履歴」に、覚えのない同意や変更がないか、お確かめください。',
    ],
    link: { text: '新しいパスワードを決める', href: v.link },
    notes: [
      'このリンクは30分使えます。過ぎたときは、サインインのページの「パスワードを忘れたとき」から、もう一度お送りします。',
    ],
  }),
  digest: (v: {
    from: string
    to: string
    each: {
      name: string
      items: string[]
      times: number
      until: string | undefined
      /** Where there is something to withdraw. */
      withdrawHref: string | undefined
    }[]
    link: string
  }): Letter => ({
    subject: 'まちID：この1年のデータ利用のまとめ',
    lines: [
      `${v.from}から${v.to}までに、各サービスに渡った回数と、いまの同意です。`,
      ...v.each.flatMap((one) => [
        `・${one.name}`,
        `　渡った回数：${one.times}回`,
        ...(one.until === undefined
          ? ['　渡る項目：いまはありません']
          : [`　渡る項目：${one.items.join('、')}`, `　期限：${one.until}まで`]),
      ]),
      '使っていないサービスは、撤回できます。理由は要りません。',
    ],
    ways: waysOut(v.each),
    link: { text: '各サービスでのデータ利用を開く', href: v.link },
    notes: ['このメールは1年に1度お送りします。「お知らせ」のページで、止めることができます。'],
  }),
  unused: (v: {
    idle: { name: string; since: string; withdrawHref: string }[]
    link: string
  }): Letter => ({
    subject: 'まちID：6か月のあいだ使われていないサービスがあります',
    lines: [
      '次のサービスには同意していますが、6か月のあいだ使われていません。',
      ...v.idle.map((one) => `・${one.name}（最後の利用：${one.since}）`),
      'これからも使うときは、何もしなくてかまいません。使わないときは、撤回できます。理由は要りません。',
    ],
    ways: waysOut(v.idle),
    link: { text: '各サービスでのデータ利用を開く', href: v.link },
    notes: ['このメールは「お知らせ」のページで、止めることができます。'],
  }),
}
