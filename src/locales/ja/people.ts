/** Signing in to the console (operators) and the portal (staff of companies). */
export const people = {
  areas: { operator: '運営', staff: '加盟企業' },
  login: {
    title: 'サインイン',
    heading: { operator: '運営にサインイン', staff: '加盟企業のページにサインイン' },
    text: {
      operator: '民間推進体制の担当者のためのページです。',
      staff: '加盟企業の担当者のためのページです。',
    },
    wrong: 'メールアドレスかパスワードが違います',
    wrongText: 'もう一度入力してください。期限を過ぎた方は、サインインできません。',
    notices: {
      signed_out: { title: 'サインアウトしました', text: 'このブラウザーでの作業は終わりました。' },
      expired: {
        title: 'はじめからやり直してください',
        text: '時間がたったか、手順が途中で途切れました。',
      },
    },
    submit: '次へ',
    submitNote: '次の画面で、認証アプリの6桁の番号を入力します。',
    resident: '利用者の方は、まちIDのサインインへ',
  },
  code: {
    title: '確認の番号',
    heading: '認証アプリの番号を入力してください',
    text: '30秒ごとに変わる6桁の番号です。',
    label: '6桁の番号',
    wrong: '番号が違います',
    wrongText: 'いま表示されている番号を入力してください。1度使った番号は、もう使えません。',
    submit: 'サインイン',
    again: 'はじめからやり直す',
  },
  logout: {
    title: 'サインアウト',
    heading: 'サインアウトしますか',
    text: 'このブラウザーでのサインインが終わります。',
    submit: 'サインアウト',
    stay: 'サインインしたままにする',
  },
}
