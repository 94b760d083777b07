/** Letters about the review and the end of a service: to its company, and to residents. */
import type { Letter } from '../letter.ts'

export const reviewLetters = {
  service_decided: (v: {
    service: string
    decision: 'approved' | 'returned' | 'refused'
    note: string
    /** Items of which less was approved than asked. */
    less: number
    link: string
  }): Letter => ({
    subject: {
      approved: `まちID：「${v.service}」が承認されました`,
      returned: `まちID：「${v.service}」に、直していただきたいところがあります`,
      refused: `まちID：「${v.service}」の申請は承認されませんでした`,
    }[v.decision],
    lines: [
      {
        approved: '申請の審査が終わりました。まだ公開していないサービスは、管理者が公開できます。',
        returned: '運営者からのお願いは、次のとおりです。直してから、もう一度提出してください。',
        refused: '申請は承認されませんでした。理由は次のとおりです。',
      }[v.decision],
      ...(v.note ? [v.note] : []),
      ...(v.less
        ? [`申請より狭く承認された項目、承認されなかった項目が${v.less}件あります。`]
        : []),
    ],
    link: { text: 'サービスのページを開く', href: v.link },
  }),
  service_ended: (v: {
    service: string
    provider: string
    at: string
    contact: string
    link: string
  }): Letter => ({
    subject: `まちID：「${v.service}」が終了しました`,
    lines: [
      `${v.at}に、${v.service}（提供者：${v.provider}）が終了しました。`,
      'その時から、このサービスへは何も渡りません。お客様の同意と提供の記録は残っています。',
      `すでに渡った情報については、${v.provider}へお問い合わせください。${v.contact}`,
    ],
    link: { text: '各サービスでのデータ利用を開く', href: v.link },
    notes: ['手続きは要りません。渡った情報の削除の依頼は、上のページからできます。'],
  }),
}
