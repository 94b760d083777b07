/** Pages inside an OAuth interaction: sign-in, and what refusing means. The consent screen itself: consents.ts. */
export const interaction = {
  login: {
    title: 'サインイン',
    heading: 'まちIDでサインイン',
    forService: 'を使うためのサインインです。',
    nothingYet: 'サインインだけでは、情報は渡りません。次の画面で、渡す情報を確かめられます。',
    own: '登録した情報と、サービスへ渡している情報を確かめられます。',
    wrong: 'メールアドレスかパスワードが違います',
    wrongText: 'もう一度お試しください。確認メールのリンクを開くまでは、サインインできません。',
    resend: '確認メールを送り直す',
    notices: {
      session_ended: {
        title: 'もう一度サインインしてください',
        text: '時間がたったため、サインインが終わりました。',
      },
      signed_out: {
        title: 'サインアウトしました',
        text: 'どのサービスの同意も、そのまま残っています。',
      },
      password_changed: {
        title: 'パスワードを変更しました',
        text: '新しいパスワードでサインインしてください。',
      },
    },
    forgot: 'パスワードを忘れたとき',
    submit: 'サインイン',
    first: 'はじめての方',
    signup: 'まちIDをつくる',
    cancel: 'サインインせずにサービスへ戻る',
  },
  /** Protocol errors of the authorization endpoint; `code` is one of the provider's. */
  errors: (code: string): { title: string; text: string } =>
    code === 'invalid_client' || code === 'invalid_redirect_uri'
      ? {
          title: 'サービスからの案内に誤りがあります',
          text: 'サービスの設定が登録と合っていないため、先へ進めません。お客様の操作が原因ではありません。サービスの窓口へお知らせください。何も渡っていません。',
        }
      : code === 'session_not_found'
        ? {
            title: 'この手続きは終わっています',
            text: 'すでに回答したか、時間がたっています。ご利用のサービスに戻り、必要なときはもう一度サインインしてください。',
          }
        : {
            title: 'サインインを始められませんでした',
            text: 'サービスから届いた依頼を受け付けられません。サービスに戻り、もう一度お試しください。何も渡っていません。',
          },
  logout: {
    title: 'サインアウト',
    heading: 'サインアウトしますか',
    from: (service: string) => `「${service}」から、サインアウトの依頼がありました。`,
    plain: 'サービスから、サインアウトの依頼がありました。',
    effect:
      'このブラウザーでのまちIDと、まちIDで使っているサービスのサインインが終わります。どのサービスの同意も、そのまま残ります。',
    submit: 'サインアウト',
    stay: 'サインインしたままにする',
    done: 'サインアウトしました',
    doneText: 'どのサービスの同意も、そのまま残っています。',
    again: 'もう一度サインインする',
  },
  profile: {
    title: '情報を登録する',
    text: 'このサービスが求めている情報のうち、まだ登録がないものです。書けるものだけで進めます。',
    nothingYet: '登録しただけでは、サービスへは渡りません。次の画面で確かめてから選べます。',
    submit: '登録して戻る',
    back: '渡す情報の確認へ戻る',
    complete: '登録が足りない情報は、ありません。',
  },
  refuse: {
    title: '渡さないとどうなるか',
    fewer: '少なく渡すこともできます',
    fewerText: '次の情報は任意です。選ばなくても始められます。',
    unpicked: '選ばないと',
    pick: '渡す情報を選び直す',
    answer: '同意しない',
    nothing: 'まだ何も渡っていません。',
    answered: '何も渡していません',
    answeredText: '「同意しない」を受け付けましたが、サービスの戻り先が開けませんでした。',
    toService: 'サービスのページへ',
  },
}
