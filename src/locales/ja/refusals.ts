import type { Reason } from '../../refusal.ts'

type Words = { title: string; text: string }

export const refusals: Record<Reason | 'defect', Words> = {
  invalid_input: {
    title: '送られた内容を読み取れませんでした',
    text: '前のページに戻り、もう一度お試しください。',
  },
  not_found: {
    title: 'ページが見つかりません',
    text: 'アドレスが変わったか、まちがっている可能性があります。',
  },
  csrf: {
    title: 'このページからは受け付けられませんでした',
    text: '時間がたったか、別のページから送られました。前のページを開き直して、もう一度お試しください。',
  },
  sign_in_required: {
    title: 'サインインが必要です',
    text: 'サインインしてから、もう一度開いてください。',
  },
  too_many_attempts: {
    title: '少し時間をおいてください',
    text: '短い間に多くの操作がありました。1分ほど待ってから、もう一度お試しください。',
  },
  link_expired: {
    title: 'このリンクは使えません',
    text: '期限が過ぎたか、すでに使われています。新しいメールを送り直してください。',
  },
  under_age: {
    title: 'いまは登録できません',
    text: '年齢の条件に届いていないため、登録できません。入力された内容は保存していません。',
  },
  interaction_expired: {
    title: 'はじめからやり直してください',
    text: '時間がたったため、手続きが終わりました。ご利用のサービスに戻り、もう一度サインインしてください。何も渡っていません。',
  },
  interaction_foreign: {
    title: 'この手続きは続けられません',
    text: '別の方、または別のブラウザーで始まった手続きです。ご利用のサービスから、もう一度始めてください。',
  },
  already_answered: {
    title: 'この画面の回答は受け付け済みです',
    text: '同じ画面から2度は回答できません。いまの状態は「各サービスでのデータ利用」で確かめられます。',
  },
  service_not_available: {
    title: 'このサービスへは、いま情報を渡せません',
    text: 'サービスが停止または終了しているためです。お客様の操作が原因ではありません。何も渡っていません。',
  },
  contract_not_in_force: {
    title: 'このサービスへは、いま情報を渡せません',
    text: '提供者との契約の期間外です。お客様の操作が原因ではありません。何も渡っていません。',
  },
  item_over_ceiling: {
    title: 'このサービスへは、いま情報を渡せません',
    text: '契約で認めた範囲を超える情報が求められました。お客様の操作が原因ではありません。何も渡っていません。',
  },
  consent_not_found: {
    title: '同意が見つかりません',
    text: 'このサービスへの同意は、いまはありません。',
  },
  return_address_dead: {
    title: 'サービスへ戻れません',
    text: 'サービスの戻り先が使えません。サービスを開き直してください。何も渡っていません。',
  },
  body_too_large: {
    title: '送られた内容が大きすぎます',
    text: '内容を短くして、もう一度お試しください。',
  },
  unsupported_media_type: {
    title: '受け付けられない形式です',
    text: '画面のフォームから送ってください。',
  },
  method_not_allowed: {
    title: '受け付けられない操作です',
    text: '画面のボタンやリンクからお試しください。',
  },
  host_not_allowed: { title: 'アドレスが違います', text: '正しいアドレスから開いてください。' },
  not_ready: { title: 'ただいま準備中です', text: 'しばらくしてから、もう一度お試しください。' },
  wrong_state: {
    title: 'いまはこの操作ができません',
    text: '状態が変わった可能性があります。ページを開き直してください。',
  },
  defect: {
    title: '問題が起きました',
    text: 'まちIDの側で問題が起きました。お客様の操作が原因ではありません。続くときは、番号を添えて窓口へお知らせください。',
  },
}
