import type { Letter } from '../letter.ts'
import { dutyLetters } from './duty_letters.ts'
import { noticePage, noticePosts } from './notice_posts.ts'
import { requestLetters, requestPosts } from './request_letters.ts'
import { notMe, residentLetters } from './resident_letters.ts'
import { reviewLetters } from './reviewing_letters.ts'
import { leakLetters } from './leak_letters.ts'
import { stopLetters } from './stop_letters.ts'
import { textLetters, textPosts } from './text_posts.ts'

/** A letter to whoever applied for a company. */
type ApplicationMail = { company: string; number: string; note: string; link: string }

/** Letters. One idea a line; the link stands alone; below it how long it lasts and what to do if it was not you. */
export const notices = {
  contact: (desk: string, phone: string) => `お困りのとき：${desk} ${phone}`,
  notMe,
  page: noticePage,
  posts: { ...noticePosts, ...requestPosts, ...textPosts },
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
    withdrawn: (v: {
      link: string
      at: string
      services: string[]
      number: string
      /** Empty: nothing is to be erased. */
      deletionDue: string
    }): Letter => ({
      subject: 'まちID：利用を撤回しました',
      lines: [
        `${v.at}に、次のサービスでの利用を撤回しました。`,
        ...v.services.map((service) => `・${service}`),
        'その時から、このサービスへは何も渡りません。',
        `受付番号：${v.number}`,
        ...(v.deletionDue
          ? [`渡った情報の削除も依頼しました。答えの期限：${v.deletionDue}まで`]
          : []),
      ],
      link: { text: '各サービスでのデータ利用を開く', href: v.link },
      notes: ['署名のある控えを、このメールに添付しました。'],
    }),
    /** The desk granted a request to stop (APPI 35). */
    withdrawn_on_request: (v: {
      link: string
      at: string
      services: string[]
      number: string
      request: string
      deletionDue: string
    }): Letter => ({
      subject: 'まちID：請求にもとづいて、利用を終えました',
      lines: [
        `お客様の請求（${v.request}）にもとづいて、${v.at}に、まちIDの運営者が、次のサービスでの利用を終えました。`,
        ...v.services.map((service) => `・${service}`),
        'その時から、このサービスへは何も渡りません。',
        `受付番号：${v.number}`,
        ...(v.deletionDue
          ? [`渡った情報の削除も依頼しました。答えの期限：${v.deletionDue}まで`]
          : []),
      ],
      link: { text: '各サービスでのデータ利用を開く', href: v.link },
      notes: [
        '署名のある控えを、このメールに添付しました。',
        'また使うときは、サービスからもう一度サインインして、同意してください。',
        'お心当たりがないときは、窓口へもお知らせください。',
      ],
    }),
    withdrawn_by_service: (v: {
      link: string
      at: string
      services: string[]
      number: string
    }): Letter => ({
      subject: 'まちID：サービスのアプリから利用の撤回がありました',
      lines: [
        `${v.at}に、次のサービスのアプリでの操作により、利用を撤回しました。`,
        ...v.services.map((service) => `・${service}`),
        'その時から、このサービスへは何も渡りません。',
        `受付番号：${v.number}`,
      ],
      link: { text: '各サービスでのデータ利用を開く', href: v.link },
      notes: [
        'また使うときは、サービスからもう一度サインインして、同意してください。',
        'お心当たりがないときは、窓口へもお知らせください。',
      ],
    }),
    deletion_request: (v: {
      at: string
      service: string
      subject: string
      number: string
      due: string
      link: string
      /** By a request that the desk granted, of somebody who no longer uses the service. */
      granted?: boolean
    }): Letter => ({
      subject: `まちID：「${v.service}」に渡った情報の削除の依頼`,
      lines: [
        v.granted
          ? `${v.at}に、「${v.service}」の利用を終えた方からの利用停止の請求を、まちIDの運営が認めました。渡った情報の削除を依頼します。`
          : `${v.at}に、利用者が「${v.service}」の利用を撤回し、渡った情報の削除を依頼しました。`,
        `対象のユーザーID：${v.subject}`,
        `受付番号：${v.number}`,
        `答えの期限：${v.due}まで`,
        '削除した日、または残すものとその理由を、ポータルで答えてください。答えは、利用者に伝わります。',
      ],
      link: { text: '削除の依頼を開く', href: v.link },
    }),
    deletion_answered: (v: {
      link: string
      at: string
      service: string
      outcome: 'done' | 'partly' | 'refused'
      reason: string
    }): Letter => ({
      subject: 'まちID：削除の依頼への答えが届きました',
      lines: [
        `${v.at}に、「${v.service}」から、渡った情報の削除についての答えがありました。`,
        {
          done: 'すべて削除しました。',
          partly: '一部を削除しました。残したものと理由は、次のとおりです。',
          refused: '削除しませんでした。理由は、次のとおりです。',
        }[v.outcome],
        ...(v.reason ? [v.reason] : []),
      ],
      link: { text: '詳しく見る', href: v.link },
      notes: ['納得できないときは、会社かまちIDの窓口へお知らせください。'],
    }),
    closing_begun: (v: {
      link: string
      at: string
      until: string
      services: string[]
    }): Letter => ({
      subject: 'まちID：登録をやめる手続きを受け付けました',
      lines: [
        `${v.at}に、登録をやめる手続きを受け付けました。${v.until}に、登録した情報が消えます。`,
        'この時から、どのサービスへも何も渡りません。',
        ...(v.services.length
          ? ['利用を撤回し、削除を依頼したサービス：', ...v.services.map((name) => `・${name}`)]
          : []),
      ],
      link: { text: '取り消すときは、ここを開く', href: v.link },
      notes: [
        'お心当たりがないときは、下のリンクで止めて、パスワードを決め直し、サインインして取り消してください。',
      ],
    }),
    closing_called_off: (v: { link: string; at: string }): Letter => ({
      subject: 'まちID：登録を続けます',
      lines: [
        `${v.at}に、登録をやめる手続きを取り消しました。`,
        '撤回した同意は、戻っていません。サービスを次に使うとき、あらためてうかがいます。',
      ],
      link: { text: 'まちIDを開く', href: v.link },
      notes: ['お心当たりがないときは、パスワードを変え、窓口へお知らせください。'],
    }),
    account_closed: (v: { link: string; at: string }): Letter => ({
      subject: 'まちID：登録した情報を消しました',
      lines: [
        `${v.at}に、登録した情報を消しました。まちIDからのメールは、これが最後です。`,
        '残る記録は、お名前と結び付かない番号だけで残ります。何をいつまで残すかは、まちIDの「個人情報の取扱い」のページにあります。',
        'もう一度登録すると、ユーザーIDは新しくなります。',
      ],
      link: { text: 'もう一度登録するとき', href: v.link },
    }),
    service_keys_changed: (v: { clientId: string; at: string; link: string }): Letter => ({
      subject: 'まちID：サービスの公開鍵が変わりました',
      lines: [`${v.at}に、御社の担当の人が、サービス（${v.clientId}）の公開鍵を入れ替えました。`],
      link: { text: '鍵の画面を開く', href: v.link },
      notes: ['心当たりがないときは、すぐに鍵を戻し、窓口へお知らせください。'],
    }),
    service_secret_issued: (v: { clientId: string; at: string; link: string }): Letter => ({
      subject: 'まちID：サービスの秘密の値を発行しました',
      lines: [
        `${v.at}に、御社の担当の人が、サービス（${v.clientId}）の秘密の値を発行しました。`,
        '前の値は、もう使えません。',
      ],
      link: { text: '鍵の画面を開く', href: v.link },
      notes: ['心当たりがないときは、すぐに新しい値に替え、窓口へお知らせください。'],
    }),
    application_received: (v: ApplicationMail): Letter => ({
      subject: `まちID：加盟の申込みを受け付けました（${v.number}）`,
      lines: [
        `${v.company}の加盟の申込みを受け付けました。`,
        `受付番号：${v.number}`,
        '運営者の2人が内容を確かめます。結果は、このアドレスにお知らせします。',
      ],
      link: { text: '申込みの状態を見る', href: v.link },
      notes: [
        'このリンクは30日間使えます。申込みの取り下げも、ここからできます。',
        'お心当たりがないときは、このメールを捨ててください。',
      ],
    }),
    application_returned: (v: ApplicationMail): Letter => ({
      subject: `まちID：加盟の申込みに、直していただきたいところがあります（${v.number}）`,
      lines: [
        `${v.company}の加盟の申込みについて、運営者からのお願いです。`,
        ...v.note.split('\n'),
        `受付番号：${v.number}`,
      ],
      link: { text: '申込みを直す', href: v.link },
      notes: ['このリンクは30日間使えます。入力した内容は残っています。'],
    }),
    application_approved: (v: {
      company: string
      number: string
      name: string
      link: string
      until: string
    }): Letter => ({
      subject: `まちID：加盟の申込みが承認されました（${v.number}）`,
      lines: [
        `${v.name}様`,
        `${v.company}の加盟の申込みが承認されました。`,
        `受付番号：${v.number}`,
        'この会社の最初の管理者として、お名前が登録されました。リンクを開き、サインインの方法を決めてください。',
        'サインインのあとは、ほかの担当者を招き、サービスの下書きを始められます。データ利用契約については、運営者からご連絡します。',
      ],
      link: { text: 'サインインの方法を決める', href: v.link },
      notes: [
        `このリンクは${v.until}まで使えます。使えるのは1度だけです。`,
        'お心当たりがないときは、開かずに窓口へお知らせください。',
      ],
    }),
    application_refused: (v: { company: string; number: string; note: string }): Letter => ({
      subject: `まちID：加盟の申込みをお受けできませんでした（${v.number}）`,
      lines: [
        `${v.company}の加盟の申込みを審査し、お受けしないことにしました。理由は次のとおりです。`,
        ...v.note.split('\n'),
        `受付番号：${v.number}`,
        'ご質問は、下の窓口へお寄せください。',
      ],
    }),
    profile_decided: (v: {
      decision: 'approved' | 'returned' | 'refused'
      note: string
    }): Letter => ({
      subject: {
        approved: 'まちID：会社の情報の変更が承認されました',
        returned: 'まちID：会社の情報の変更に、直していただきたいところがあります',
        refused: 'まちID：会社の情報の変更をお受けできませんでした',
      }[v.decision],
      lines: [
        {
          approved: '届け出のあった変更が、いまの情報になりました。',
          returned: '運営者からのお願いは、次のとおりです。会社の情報のページから直してください。',
          refused: '届け出のあった変更は、お受けしないことにしました。理由は次のとおりです。',
        }[v.decision],
        ...v.note.split('\n').filter((line) => line !== ''),
      ],
    }),
    member_contact_changed: (v: { company: string; by: string }): Letter => ({
      subject: `まちID：${v.company}の問い合わせ先が変わりました`,
      lines: [
        `${v.company}の管理者${v.by}さんが、会社の問い合わせ先を変えました。`,
        '変わった問い合わせ先は、同意画面などにすぐに表示されます。',
      ],
      notes: ['お心当たりがないときは、すぐに運営者の窓口へお知らせください。'],
    }),
    member_left: (v: { company: string }): Letter => ({
      subject: `まちID：${v.company}の退会の手続きが終わりました`,
      lines: [
        `${v.company}は、まちIDの加盟企業ではなくなりました。`,
        'サービスの提供とサインインは、この時から止まっています。',
        '提供を受けた記録の保存など、契約で定めた務めは続きます。',
      ],
    }),
    member_renamed: (v: { before: string; after: string; services: string[] }): Letter => ({
      subject: `まちID：${v.before}の名前が${v.after}に変わりました`,
      lines: [
        `お客様が利用しているサービスの会社が、名前を${v.before}から${v.after}に変えました。`,
        '会社そのものは変わっていません。渡る情報と利用目的も、同じです。',
        'この会社のサービス：',
        ...v.services.map((service) => `・${service}`),
        'お客様の手続きは、いりません。利用は、いつでも「各サービスでのデータ利用」から撤回できます。',
      ],
    }),
    handed_over: (v: { services: string[]; from: string; to: string }): Letter => ({
      subject: 'まちID：サービスの引き継ぎが承認されました',
      lines: [
        `次のサービスが、${v.from}から${v.to}に引き継がれました。`,
        ...v.services.map((service) => `・${service}`),
        'これまでの鍵、シークレット、戻り先は、使えなくなりました。引き継いだ会社が、自社の鍵と戻り先を次の版で登録し、承認を受けてから公開してください。',
        '受け取る会社が変わったため、利用者には、公開後の次のサインインで同意をうかがいます。それまで情報は渡りません。',
      ],
    }),
    ...residentLetters,
    ...reviewLetters,
    ...stopLetters,
    ...leakLetters,
    ...dutyLetters,
    ...requestLetters,
    ...textLetters,
    people_invitation: (v: {
      link: string
      name: string
      area: 'operator' | 'staff'
      until: string
      again: boolean
    }): Letter => ({
      subject: 'まちID：担当者としてのご案内',
      lines: [
        `${v.name}様`,
        v.area === 'operator'
          ? '民間推進体制の担当者として登録されました。'
          : '加盟企業の担当者として登録されました。',
        'リンクを開き、サインインの方法を決めてください。',
      ],
      link: { text: 'サインインの方法を決める', href: v.link },
      notes: [
        `このリンクは${v.until}まで使えます。使えるのは1度だけです。`,
        ...(v.again ? ['これまでのサインインの方法は、もう使えません。'] : []),
        'お心当たりがないときは、開かずに窓口へお知らせください。',
      ],
    }),
    people_factor_changed: (v: {
      link: string
      at: string
      change: 'passkey_added' | 'passkey_removed' | 'password_set' | 'password_removed'
    }): Letter => ({
      subject: 'まちID：サインインの方法が変わりました',
      lines: [
        {
          passkey_added: `${v.at}に、パスキーが加わりました。`,
          passkey_removed: `${v.at}に、パスキーが1つ外れました。`,
          password_set: `${v.at}に、パスワードと認証アプリが設定されました。`,
          password_removed: `${v.at}に、パスワードと認証アプリが外れました。`,
        }[v.change],
        'ほかの端末のサインインは、すべて終わりました。',
      ],
      link: { text: 'サインインの方法を確かめる', href: v.link },
      notes: ['お心当たりがないときは、すぐに窓口へお知らせください。'],
    }),
    operator_ends_soon: (v: {
      link: string
      name: string
      lastDay: string
      days: number
    }): Letter => ({
      subject: `まちID：担当者の期限まで${v.days}日です`,
      lines: [
        `${v.name}様`,
        `担当者としての期限は${v.lastDay}です。その翌日から、サインインできなくなります。`,
        'つづけるときは、管理者に期限の変更を頼んでください。管理者2人の手続きが要ります。',
      ],
      link: { text: '運営のページを開く', href: v.link },
    }),
    administrator_made: (v: { link: string; at: string; name: string }): Letter => ({
      subject: 'まちID：管理者が端末から登録されました',
      lines: [`${v.at}に、${v.name}さんが、サーバーの端末から管理者として登録されました。`],
      link: { text: '担当者の一覧を開く', href: v.link },
      notes: ['お心当たりがないときは、すぐにシステムの担当へ確かめてください。'],
    }),
    contract_ends: (v: { link: string; number: string; on: string; left: number }): Letter => ({
      subject: `まちID：データ利用契約が${v.on}に終わります`,
      lines: [
        `データ利用契約 ${v.number} は、${v.on}に終わります（あと${v.left}日）。`,
        '更新の手続きがまだのため、お知らせしています。',
        '更新しないと、その翌日から、サービスへのサインインと情報の受け取りが止まります。',
      ],
      link: { text: '契約を開く', href: v.link },
      notes: ['つづけるときは、民間推進体制の担当へお知らせください。'],
    }),
  },
}
