/** Letters about stops: to residents when one counts or ends, to the company when it is decided (S-51). */
import type { Letter } from '../letter.ts'
import { stopReasons } from './stopping.ts'

export type StopReasonWord = keyof typeof stopReasons

export const stopLetters = {
  service_stopped: (v: {
    link: string
    at: string
    services: string[]
    provider: string
    reason: StopReasonWord
    text: string
    excluded: boolean
  }): Letter => ({
    subject: v.excluded
      ? `まちID：${v.provider}が加盟企業から除外されました`
      : `まちID：${v.provider}のサービスが止まりました`,
    lines: [
      `${v.at}に、${v.provider}の次のサービスが使えなくなりました。`,
      ...v.services.map((service) => `・${service}`),
      `${stopReasons[v.reason]}です。お客様の操作が原因ではありません。`,
      ...(v.text ? [v.text] : []),
      'その時から、このサービスへは何も渡りません。お客様の同意と記録は残っています。',
    ],
    link: { text: '各サービスでのデータ利用を開く', href: v.link },
    notes: ['手続きは要りません。撤回と、渡った情報の削除の依頼は、上のページからできます。'],
  }),
  service_resumed: (v: {
    link: string
    at: string
    services: string[]
    provider: string
  }): Letter => ({
    subject: `まちID：${v.provider}のサービスがまた使えます`,
    lines: [
      `${v.at}に、${v.provider}の次のサービスの停止が終わりました。`,
      ...v.services.map((service) => `・${service}`),
      'お客様の同意は、止まる前のままです。次にサインインした時から、また情報が渡ります。',
    ],
    link: { text: '各サービスでのデータ利用を開く', href: v.link },
    notes: ['使わないときは、上のページから撤回できます。'],
  }),
  company_resumed: (v: { name: string; at: string; text: string }): Letter => ({
    subject: `まちID：「${v.name}」の停止が終わりました`,
    lines: [
      `${v.at}に、「${v.name}」の停止が終わりました。`,
      ...(v.text ? [v.text] : []),
      '止まる前に受け取ったトークンは使えません。利用者が次にサインインした時から使えます。',
    ],
  }),
  company_stopped: (v: {
    name: string
    at: string
    turnedTo: 'suspended' | 'excluded'
    reason: StopReasonWord
    text: string
  }): Letter => ({
    subject: `まちID：「${v.name}」の${v.turnedTo === 'excluded' ? '除外' : '停止'}のお知らせ`,
    lines: [
      `${v.at}から、「${v.name}」は${v.turnedTo === 'excluded' ? '除外' : '停止'}となります。`,
      `${stopReasons[v.reason]}です。`,
      ...(v.text ? [v.text] : []),
      'その時から、認可・トークン・利用者情報・照会・失効の窓口は、すべて断ります。',
      v.turnedTo === 'excluded'
        ? '戻す方法はありません。もう一度加盟するには、新しい申込みが要ります。'
        : '停止を解くには、運営者の担当者2人の承認が要ります。窓口へお問い合わせください。',
    ],
  }),
}
