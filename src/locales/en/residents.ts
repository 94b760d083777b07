import type { Messages } from '../index.ts'

/** The 47 prefectures in JIS order, as residents.region.label prints them beside their official names. */
const PREFECTURES = (
  '北海道 Hokkaido 青森県 Aomori 岩手県 Iwate 宮城県 Miyagi 秋田県 Akita 山形県 Yamagata 福島県 Fukushima 茨城県 Ibaraki ' +
  '栃木県 Tochigi 群馬県 Gunma 埼玉県 Saitama 千葉県 Chiba 東京都 Tokyo 神奈川県 Kanagawa 新潟県 Niigata 富山県 Toyama ' +
  '石川県 Ishikawa 福井県 Fukui 山梨県 Yamanashi 長野県 Nagano 岐阜県 Gifu 静岡県 Shizuoka 愛知県 Aichi 三重県 Mie ' +
  '滋賀県 Shiga 京都府 Kyoto 大阪府 Osaka 兵庫県 Hyogo 奈良県 Nara 和歌山県 Wakayama 鳥取県 Tottori 島根県 Shimane ' +
  '岡山県 Okayama 広島県 Hiroshima 山口県 Yamaguchi 徳島県 Tokushima 香川県 Kagawa 愛媛県 Ehime 高知県 Kochi 福岡県 Fukuoka ' +
  '佐賀県 Saga 長崎県 Nagasaki 熊本県 Kumamoto 大分県 Oita 宮崎県 Miyazaki 鹿児島県 Kagoshima 沖縄県 Okinawa'
).split(' ')

export const residents: Messages['residents'] = {
  newTerms: {
    title: 'New terms of use',
    heading: (title) => `“${title}” has changed`,
    lead: 'Please read what is different, then choose at the end of the page. Nothing changes until you choose.',
    refusing: 'What happens if you do not agree',
    refusingText: [
      'Until you agree to the new terms, you cannot newly sign in to services with Machi ID.',
      'Services you have agreed to go on receiving what you agreed to. You can withdraw at any time.',
      'You can see and correct what you registered, and end your registration, as before.',
      'If you change your mind, you can agree on this page at any time.',
    ],
    agree: 'Agree to the new terms',
    refuse: 'Do not agree',
    done: {
      given: {
        title: 'You have agreed to the new terms',
        lines: ['You can read the texts you agreed to at any time.'],
      },
      refused: {
        title: 'Noted: you do not agree',
        lines: [
          'What you agreed to before is unchanged.',
          'We ask you again when you newly sign in to a service.',
        ],
      },
    },
    goOn: 'Go on to the service',
    toAccount: 'To your registered data',
  },
  region: {
    none: 'Please choose',
    label: (name) => {
      const at = PREFECTURES.indexOf(name)
      return at < 0 ? name : `${PREFECTURES[at + 1] ?? ''} ${name}`
    },
  },
  hints: {
    email: 'We send a mail to confirm it. You also sign in with it.',
    password:
      'At least 15 characters. Symbols and capitals are not needed; spaces and pasting are fine.',
    name: 'Can be shared with services that check your name, at a counter or for a delivery.',
    kana: 'The reading of your name in katakana. Hiragana is fine; we turn it into katakana.',
    birth_year: 'Four digits. We never store month and day. For services with an age condition.',
    sex: 'For services whose guidance depends on it.',
    postal_code: 'Leave prefecture and municipality empty, and the postcode fills them in.',
    locality: 'In Japanese, with the ward where there is one. We never store street or number.',
  },
  lookup: 'Fill in the address from the postcode',
  lookedUp: {
    title: 'We filled in the address from the postcode',
    text: 'Please correct it if it differs.',
    password: 'Please enter the password again.',
  },
  signup: {
    title: 'Create your Machi ID',
    lead: 'An email address and a password are enough. You can add everything else later.',
    purpose: 'What we use your information for',
    purposes: [
      'For registering, signing in and important notices.',
      'Registering shares nothing with any company. Only what you agree to, service by service, is shared.',
    ],
    privacy: 'How we handle personal data',
    signIn: 'For signing in',
    name: 'Your name',
    about: 'Year of birth and sex',
    address: 'Where you live',
    terms: 'Our agreement',
    termsOf: (title, version) => `${title} (version ${version})`,
    termsApply: ' apply.',
    age: (age) => `You can register from the age of ${age}.`,
    choose: 'You can register without the following. You can change it later under “Your account”.',
    without: 'Without it, nothing is shared with any service.',
    submit: 'Create my Machi ID',
    toLogin: 'I already have a Machi ID',
  },
  sent: {
    title: 'Please check your mail',
    lines: [
      'We sent a mail to the address you entered.',
      'Open its link and press the button to finish. The link works for 24 hours.',
    ],
    late: 'If it does not arrive',
    lateText: 'Please look into your spam folder. After some minutes, you can have it sent again.',
    resend: 'Send the confirmation mail again',
  },
  resend: {
    title: 'Send the confirmation mail again',
    text: 'Enter the email address you registered with.',
    submit: 'Send it again',
  },
  link: {
    verify: {
      title: 'Confirm your email address',
      text: 'Press the button to confirm this email address.',
      notYou: 'If you did not register, close this page without pressing it.',
      several:
        'This address is being registered more than once. To make sure that this registration is yours, enter the password you chose when you signed up.',
      submit: 'Confirm',
    },
    change_email: {
      title: 'Confirm your new email address',
      text: 'Press the button to make this the address of your Machi ID.',
      notYou: 'If you did not ask for this, close this page without pressing it.',
      submit: 'Use this address',
    },
    undo_email: {
      title: 'Go back to this email address',
      text: 'Press the button to go back to this address. All devices are signed out.',
      notYou: 'You will then set a new password.',
      submit: 'Go back',
    },
    not_me: {
      title: 'This was not me',
      text: 'Pressing the button signs out all devices, and the present password stops working. A mail for setting a new one follows at once. If the ID is being closed, that is called off too.',
      notYou: 'If it was you, close this page without pressing.',
      submit: 'Stop sign-in',
    },
    expired: {
      title: 'This link no longer works',
      text: 'It has expired or was already used.',
      next: {
        verify: 'Send the confirmation mail again',
        recover: 'Ask for a new link',
        change_email: 'Open “Security”',
        undo_email: 'Set a new password',
        not_me: 'Set a new password',
      },
    },
  },
  done: {
    verify: {
      title: 'Your address is confirmed',
      text: 'You are registered. Please sign in.',
      toService: 'Sign in to go on to the service.',
    },
    change_email: {
      title: 'Your email address was changed',
      text: 'Use the new address from your next sign-in on.',
    },
    signIn: 'Go to sign-in',
    goOn: 'Go on to the service',
    toSecurity: 'Back to “Security”',
  },
  locked: {
    title: 'Sign-in is stopped',
    lines: [
      'All devices are signed out and the password no longer works.',
      'Nobody can sign in now, and services are disconnected.',
    ],
    next: 'What to do next',
    steps: [
      'Open the link in the mail from Machi ID and set a new password, one that you use nowhere else.',
      'Sign in and look through “Data use by service” for consents you did not give. You can withdraw them.',
      'Look through “History” for changes you did not make.',
      'We also recommend changing the password of your mailbox.',
    ],
    help: 'If anything is unclear or worries you, tell our desk below.',
    recover: 'If no mail arrives',
  },
  recover: {
    title: 'Set a new password',
    text: 'Enter the email address you registered. We send you a link.',
    submit: 'Send the mail',
    sentTitle: 'Please check your mail',
    sentLines: [
      'If the address is registered, a mail is on its way.',
      'Set a new password with its link. The link works for 30 minutes.',
    ],
    again: 'Send it again',
    newTitle: 'Choose a new password',
    newText: 'All devices that are signed in now are then signed out.',
    restored: 'Your email address is back. Now please choose a new password.',
    newSubmit: 'Use this password',
  },
  logout: {
    title: 'Sign out',
    text: 'This signs you out in this browser. Your consents stay as they are.',
    services: 'A service may keep you signed in on its own side; sign out there too.',
    submit: 'Sign out',
    stay: 'Back to your account',
    not: 'You are not signed in',
    notText: 'Nobody is signed in with this browser.',
    signIn: 'Sign in',
  },
  account: {
    title: 'Your account',
    hello: (name) => `The Machi ID of ${name}`,
    done: {
      profile: { title: 'Your account was changed', text: 'The change stands in your history.' },
      provision_on: {
        title: 'You agreed to sharing with member companies',
        text: 'Each service asks you anew the next time you use it.',
      },
      provision_off: {
        title: 'Sharing with member companies is stopped',
        text: 'From this moment nothing is shared with any service. Your consents sleep; they are not lost.',
      },
      collection_on: {
        title: 'You agreed to collecting from services',
        text: 'You are asked again, company by company, when you use their services.',
      },
      collection_off: {
        title: 'Collecting from services is stopped',
        text: 'From now on we receive no data from services.',
      },
      language: { title: 'Language changed', text: 'Pages and mails now use this language.' },
      kept: {
        title: 'Your account stays',
        text: 'The closing was called off. Consents you withdrew have not come back.',
      },
    },
    next: 'What you could do next',
    nextItem: {
      name: 'Add your name',
      kana: 'Add the reading of your name',
      birth_year: 'Add your year of birth',
      address: 'Add where you live',
      provision: 'Agree to sharing with member companies',
    },
    nextWhy: {
      name: 'Some services need it to begin.',
      kana: 'Your name can be shared only together with its reading.',
      birth_year: 'Services with an age condition need it.',
      address: 'Services that offer local guidance need it.',
      provision: 'Until you agree, nothing can be shared with any service.',
    },
    data: 'What you registered',
    source: 'All of it was entered by yourself.',
    none: 'Not registered',
    since: (date) => `registered on ${date}`,
    userId: 'Shared user ID',
    emailVerified: 'confirmed',
    edit: 'Edit what you registered',
    changeEmail: 'Change the email address',
    language: 'Language',
    languageName: { ja: '日本語', en: 'English' },
    changeLanguage: 'Change the language',
    terms: 'Your consent to Machi ID as a whole',
    termsText: 'These stand above the consents to single services. You can change each one.',
    state: {
      on: (date) => `Agreed on ${date}`,
      off: (date) => `Not agreed since ${date}`,
      never: 'Not agreed',
    },
    stop: {
      provision: 'Stop sharing with member companies',
      collection: 'Stop collecting from services',
    },
    start: {
      provision: 'Agree to sharing with member companies',
      collection: 'Agree to collecting from services',
    },
    effect: {
      provision_on:
        'If you stop it, nothing is shared with any service from that moment. Your consents sleep; they are not lost.',
      provision_off: 'If you agree, each service asks you anew the next time you use it.',
      collection_on: 'If you stop it, we receive nothing more. What was received before stays.',
      collection_off:
        'Even if you agree, you are asked service by service before we receive anything.',
    },
    readTerms: (title) => `Read the ${title}`,
  },
  profile: {
    title: 'Edit what you registered',
    text: 'Everything here is optional. What you empty is erased.',
    shared:
      'If you change something a service receives, we tell you about the change the next time you use that service.',
    name: 'Your name',
    about: 'Year of birth and sex',
    address: 'Where you live',
    submit: 'Save the changes',
    back: 'Go back without changes',
  },
  security: {
    title: 'Security',
    done: {
      password: { title: 'Your password was changed', text: 'All other devices were signed out.' },
      email: {
        title: 'We sent a mail to the new address',
        text: 'Open its link and press the button to change the address. Until then the present one stays.',
      },
      ended: { title: 'Signed out', text: 'That device has to sign in again.' },
    },
    password: 'Change the password',
    passwordText: 'All other devices are then signed out.',
    passwordSubmit: 'Change the password',
    email: 'Change the email address',
    emailNow: 'Present address',
    emailText:
      'The new address must be confirmed first. We also tell the present one, which can undo it for 72 hours.',
    emailSubmit: 'Send the confirmation mail',
    devices: 'Signed-in devices',
    devicesText: 'If you do not know one of them, end it, then change your password.',
    device: 'Device',
    signedIn: 'Signed in',
    seen: 'Last used',
    here: 'This device',
    end: 'End',
    endOf: (device, at) => `${device} (signed in ${at})`,
    endOthers: 'End all but this device',
    history: 'Your history shows sign-ins and changes.',
    toHistory: 'Open your history',
  },
  language: {
    title: 'Language',
    text: 'The language of our pages and mails. The Japanese text of a consent is the binding one.',
    legend: 'Language to use',
    submit: 'Use this language',
  },
}
