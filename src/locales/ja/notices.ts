import type { Letter } from '../letter.ts'

/** Letters. One idea a line; the link stands alone; below it how long it lasts and what to do if it was not you. */
export const notices = {
  contact: (desk: string, phone: string) => `お困りのとき：${desk} ${phone}`,
  letters: {
    verify: (v: { link: string; at: string }): Letter => ({
      subject: 'まちID：メールアドレスの確認',
      lines: [
        `${v.at}に、このメールアドレスでまちIDの登録がありました。`,
        'リンクを開き、ボタンを押すと、登録が終わります。',
      ],
      link: { text: 'メールアドレスを確かめる', href: v.link },
      notes: [
        'このリンクは24時間使えます。使えるのは1度だけです。',
        'お心当たりがないときは、開かないでください。登録は7日後に消えます。',
      ],
    }),
    already_registered: (v: { link: string; at: string }): Letter => ({
      subject: 'まちID：すでに登録されています',
      lines: [
        `${v.at}に、このメールアドレスで登録の手続きがありました。`,
        'このアドレスのまちIDは、すでにあります。登録の内容は変わっていません。',
        'パスワードを忘れたときは、サインインのページから決め直せます。',
      ],
      link: { text: 'サインインのページを開く', href: v.link },
      notes: ['お心当たりがないときは、何もしなくてかまいません。'],
    }),
    recover: (v: { link: string; at: string }): Letter => ({
      subject: 'まちID：パスワードの決め直し',
      lines: [
        `${v.at}に、パスワードを決め直す手続きがありました。`,
        'リンクを開き、新しいパスワードを入力してください。',
      ],
      link: { text: '新しいパスワードを決める', href: v.link },
      notes: [
        'このリンクは30分使えます。使えるのは1度だけです。',
        'お心当たりがないときは、開かないでください。パスワードは変わりません。',
      ],
    }),
    password_changed: (v: { link: string; at: string }): Letter => ({
      subject: 'まちID：パスワードが変わりました',
      lines: [
        `${v.at}に、パスワードが変わりました。`,
        'ほかの端末のサインインは、すべて終わりました。',
      ],
      link: { text: 'パスワードを決め直す', href: v.link },
      notes: ['お心当たりがないときは、上のリンクからすぐに決め直してください。'],
    }),
    change_email: (v: { link: string; at: string }): Letter => ({
      subject: 'まちID：新しいメールアドレスの確認',
      lines: [
        `${v.at}に、まちIDのメールアドレスをこのアドレスへ変える手続きがありました。`,
        'リンクを開き、ボタンを押すと、変わります。',
      ],
      link: { text: 'このアドレスに変える', href: v.link },
      notes: [
        'このリンクは24時間使えます。使えるのは1度だけです。',
        'お心当たりがないときは、開かないでください。何も変わりません。',
      ],
    }),
    email_changed: (v: { link: string; at: string; address: string }): Letter => ({
      subject: 'まちID：メールアドレスが変わりました',
      lines: [
        `${v.at}に、まちIDのメールアドレスが${v.address}に変わりました。`,
        'ほかの端末のサインインは、すべて終わりました。',
      ],
      link: { text: '元のアドレスに戻す', href: v.link },
      notes: [
        'お心当たりがないときは、このリンクで元に戻せます。72時間使えます。',
        'ご自身で変えたときは、何もしなくてかまいません。',
      ],
    }),
    email_restored: (v: { link: string; at: string }): Letter => ({
      subject: 'まちID：メールアドレスを元に戻しました',
      lines: [
        `${v.at}に、まちIDのメールアドレスをこのアドレスに戻しました。`,
        '安全のため、すべての端末のサインインを終え、パスワードを使えなくしました。',
      ],
      link: { text: '新しいパスワードを決める', href: v.link },
    }),
    sign_in_after_failures: (v: { link: string; at: string; failures: number }): Letter => ({
      subject: 'まちID：失敗が続いたあとにサインインがありました',
      lines: [
        `サインインの失敗が${v.failures}回つづいたあと、${v.at}にサインインがありました。`,
        'ご自身であれば、何もしなくてかまいません。',
      ],
      link: { text: 'パスワードを決め直す', href: v.link },
      notes: ['お心当たりがないときは、上のリンクからすぐに決め直してください。'],
    }),
    withdrawn: (v: { link: string; at: string; services: string[]; number: string }): Letter => ({
      subject: 'まちID：利用を撤回しました',
      lines: [
        `${v.at}に、次のサービスでの利用を撤回しました。`,
        ...v.services.map((service) => `・${service}`),
        'その時から、このサービスへは何も渡りません。',
        `受付番号：${v.number}`,
      ],
      link: { text: '各サービスでのデータ利用を開く', href: v.link },
      notes: ['お心当たりがないときは、サインインして確かめ、窓口へお知らせください。'],
    }),
    deletion_request: (v: {
      at: string
      service: string
      subject: string
      number: string
    }): Letter => ({
      subject: `まちID：「${v.service}」に渡った情報の削除の依頼`,
      lines: [
        `${v.at}に、利用者が「${v.service}」の利用を撤回し、渡った情報の削除を依頼しました。`,
        `対象のユーザーID：${v.subject}`,
        `受付番号：${v.number}`,
        '削除の結果を、利用者とまちIDの窓口へお知らせください。法律で保存が必要な記録は、その旨をお伝えください。',
      ],
    }),
  },
}
