/** What the demo service says, in Japanese and English. */
import type { Kind } from './notices.ts'
import type { Trouble } from './relying-party.ts'

/** What is said at the top of the page. */
export type Told = Kind | 'unlinked'

type Words = {
  language: string
  name: string
  lead: string
  intro: string
  signIn: string
  signInFew: string
  fewText: string
  welcome: string
  received: string
  items: Record<'sub' | 'name' | 'kana' | 'email' | 'birthdate' | 'gender' | 'address', string>
  verified: string
  unverified: string
  sex: Record<string, string>
  nothing: string
  scope: string
  next: string
  again: string
  consentAgain: string
  fewer: string
  atMachiId: string
  signOut: string
  unlinkTitle: string
  unlinkText: string
  unlink: string
  told: Record<Told, string>
  trouble: Record<Trouble, { title: string; text: string }>
  colon: string
  code: string
  home: string
  notFound: string
  demo: string
}

export const ja: Words = {
  language: 'ja',
  name: 'まちなか回遊アプリ',
  lead: '歩いて、集めて、まちと知り合う。',
  intro:
    'まちIDでサインインすると、スタンプ帳が使えます。どの情報を渡すかは、まちIDの画面で選べます。',
  signIn: 'まちIDではじめる',
  signInFew: '必要な情報だけではじめる',
  fewText: '氏名とメールアドレスだけを求めます。',
  welcome: 'ようこそ',
  received: 'まちIDから受け取った情報',
  items: {
    sub: 'ユーザーID',
    name: '氏名',
    kana: 'フリガナ',
    email: 'メール',
    birthdate: '生まれた年',
    gender: '性別',
    address: '住まい',
  },
  verified: '確認済み',
  unverified: '未確認',
  sex: { female: '女性', male: '男性', other: 'その他' },
  nothing: '受け取っていません',
  scope: '渡された範囲',
  next: '試してみる',
  again: '情報を受け取り直す',
  consentAgain: '同意の画面をもう一度ひらく',
  fewer: '少ない情報でサインインし直す',
  atMachiId: 'まちIDで、渡した情報を見る・撤回する',
  signOut: 'サインアウト',
  unlinkTitle: '連携を解除する',
  unlinkText:
    'このアプリの利用をやめます。まちIDでの同意も、同時に撤回されます。受け取った情報は消します。',
  unlink: 'まちIDとの連携を解除する',
  told: {
    withdrawn: '利用者が撤回しました。受け取った情報を消し、サインアウトしました。',
    closed: '利用者がまちIDの登録をやめました。受け取った情報を消しました。',
    signed_out: 'まちIDでサインアウトしました。このアプリからもサインアウトしました。',
    changed: '渡す情報が変わりました。「情報を受け取り直す」で、いまの範囲になります。',
    corrected: '登録情報が訂正されました。「情報を受け取り直す」で、新しい内容になります。',
    unlinked: '連携を解除しました。まちIDでの同意も撤回されました。',
    trial: '',
  },
  trouble: {
    refused: {
      title: '情報を受け取りませんでした',
      text: '「同意しない」が選ばれました。気が変わったら、いつでもはじめられます。',
    },
    not_begun: {
      title: 'サインインが途中で終わりました',
      text: 'このブラウザーで始めたサインインが見つかりません。もう一度はじめてください。',
    },
    stopped: {
      title: '情報は、もう渡りません',
      text: '同意が撤回されたか、時間がたちました。このアプリが持っていた情報も消しました。',
    },
    unreachable: {
      title: 'まちIDにつながりません',
      text: '少し待ってから、もう一度お試しください。',
    },
    failed: {
      title: 'サインインできませんでした',
      text: 'もう一度はじめてください。続くときは、下の番号を窓口へお知らせください。',
    },
  },
  colon: '：',
  code: '番号',
  home: 'はじめのページへ',
  notFound: 'ページが見つかりません',
  demo: 'これは、まちIDを試すための見本のサービスです。',
}

const en: Words = {
  language: 'en',
  name: 'Machinaka Stroll',
  lead: 'Walk, collect, and get to know the town.',
  intro: 'Sign in with Machi ID to use your stamp book. On its screen you choose what to share.',
  signIn: 'Start with Machi ID',
  signInFew: 'Start with only what is needed',
  fewText: 'Asks for your name and email address only.',
  welcome: 'Welcome',
  received: 'What Machi ID gave us',
  items: {
    sub: 'User ID',
    name: 'Name',
    kana: 'Reading',
    email: 'Email',
    birthdate: 'Year of birth',
    gender: 'Sex',
    address: 'Area',
  },
  verified: 'verified',
  unverified: 'not verified',
  sex: { female: 'Female', male: 'Male', other: 'Other' },
  nothing: 'Not received',
  scope: 'Granted scope',
  next: 'Try it out',
  again: 'Fetch the data again',
  consentAgain: 'Open the consent screen again',
  fewer: 'Sign in again with less data',
  atMachiId: 'See or withdraw what you shared, at Machi ID',
  signOut: 'Sign out',
  unlinkTitle: 'Unlink',
  unlinkText:
    'You stop using this app. Your consent at Machi ID is withdrawn with it, and we erase what we received.',
  unlink: 'Unlink from Machi ID',
  told: {
    withdrawn: 'The consent was withdrawn. We erased what we received and signed you out.',
    closed: 'The account at Machi ID was closed. We erased what we received.',
    signed_out: 'You signed out of Machi ID, and so of this app.',
    changed: 'What you share has changed. Fetch the data again to see it.',
    corrected: 'Your registered data was corrected. Fetch the data again to see it.',
    unlinked: 'Unlinked. Your consent at Machi ID is withdrawn too.',
    trial: '',
  },
  trouble: {
    refused: {
      title: 'We received no data',
      text: 'You chose not to agree. You can start whenever you like.',
    },
    not_begun: {
      title: 'The sign-in ended half-way',
      text: 'We cannot find a sign-in begun in this browser. Please start again.',
    },
    stopped: {
      title: 'No more data comes',
      text: 'The consent was withdrawn, or it has been a while. We erased what we held.',
    },
    unreachable: {
      title: 'Machi ID cannot be reached',
      text: 'Please wait a little and try again.',
    },
    failed: {
      title: 'The sign-in did not work',
      text: 'Please start again. If it goes on, tell the desk the code below.',
    },
  },
  colon: ': ',
  code: 'Code',
  home: 'To the first page',
  notFound: 'Page not found',
  demo: 'This is a sample service for trying out Machi ID.',
}

/** Japanese unless the browser prefers English. */
export function wordsFor(acceptLanguage: string | undefined): Words {
  const wanted = (acceptLanguage ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().slice(0, 2))
  const [first] = wanted.filter((tag) => tag === 'ja' || tag === 'en')
  return first === 'en' ? en : ja
}
