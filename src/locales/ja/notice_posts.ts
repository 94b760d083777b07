import type { Notice } from '../letter.ts'

/** お知らせ on the resident's page, by kind: made when read, so the values hold names and dates, never personal data. */
export const noticePosts = {
  /** After a leak (APPI 26(2)); the letter itself stands behind the link. */
  leak: (v: { company: { ja: string; en: string }; on?: { ja: string; en: string } }): Notice => ({
    title: `重要：${v.company.ja}での、お客様の情報の漏えい等について${v.on ? `（${v.on.ja}のお知らせ）` : ''}`,
    lines: [
      `${v.company.ja}で、お客様の情報の漏えい等が起きたか、起きたおそれがあります。`,
      '何が起きたか、どの情報か、お客様にお願いしたいことを、手紙にまとめました。必ずお読みください。',
    ],
    link: '手紙を読む',
  }),
  /** Unlinked in the app of the service (Grant API). */
  ended_by_service: (v: { service: { ja: string; en: string }; at: string }): Notice => ({
    title: 'サービスのアプリから、利用の撤回がありました',
    lines: [
      `${v.at}に、「${v.service.ja}」のアプリでの操作により、利用を撤回しました。その時から、何も渡していません。`,
      'また使うときは、サービスからもう一度サインインして、同意してください。',
      'お心当たりがないときは、窓口へお知らせください。',
    ],
    link: 'このサービスでのデータ利用を見る',
  }),
  /** The desk granted a request to stop. */
  ended_on_request: (v: {
    number: string
    services: { ja: string; en: string }[]
    at: string
  }): Notice => ({
    title: '請求にもとづいて、利用を終えました',
    lines: [
      `お客様の請求（${v.number}）にもとづいて、${v.at}に、まちIDの運営者が、次のサービスでの利用を終えました。その時から、何も渡していません。`,
      v.services.map((one) => `「${one.ja}」`).join('、'),
      'お心当たりがないときは、窓口へお知らせください。',
    ],
    link: '請求の結果を見る',
  }),
  /** After 「私ではありません」. */
  sign_in_locked: (v: {
    at: string
    addressRestored: boolean
    closingCalledOff: boolean
  }): Notice => ({
    title: 'お知らせを受けて、サインインを止めました',
    lines: [
      `${v.at}に、すべての端末のサインインを終え、それまでのパスワードを使えなくしました。`,
      ...(v.addressRestored ? ['メールアドレスは、変わる前のものに戻しました。'] : []),
      ...(v.closingCalledOff
        ? [
            '登録をやめる手続きは、取りやめました。登録の内容は消えません。撤回した利用は、撤回のままです。',
          ]
        : []),
      '各サービスでのデータ利用と履歴に、覚えのない同意や変更がないか、お確かめください。',
      '覚えのない同意は、撤回できます。記録のことで気になる点は、窓口へお知らせください。',
    ],
    link: '履歴を確かめる',
  }),
}

/** The page of notices. */
export const noticePage = {
  title: 'お知らせ',
  lead: 'まちIDからの大切なお知らせです。同じ内容は、メールでもお送りしています。',
  empty: 'お知らせはありません。',
  count: (n: number) => `全${n}件、新しい順です。`,
  mustRead: '必ずお読みください',
  isNew: '未読',
  unread: (n: number) => `（未読${n}件）`,
  pages: 'お知らせのページ',
  newer: '新しいお知らせ',
  older: '古いお知らせ',
  back: 'お知らせの一覧へ',
  goOn: '詳しく見る',
  gone: '以前のお知らせ',
  banner: '必ずお読みください',
  settings: '受け取るメール',
  settingsText:
    '次の2つのメールは、止めることができます。同意や登録の変更、サインイン、安全のためのお知らせは、止められません。',
  digest: '1年に1度のまとめ',
  digestText: '利用しているサービス、渡した項目、渡した回数をお知らせします。',
  reminder: '使っていないサービスのお知らせ',
  reminderText: '同意しているのに6か月のあいだ使われていないサービスを、お知らせします。',
  save: '保存する',
  saved: '保存しました',
}
