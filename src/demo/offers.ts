/** The five services of the demo, as entries of the onboarding file. */
import { createHash } from 'node:crypto'
import { addressesOf, CLIENT_SECRETS, PRIVATE_JWKS, type ClientId } from './clients.ts'

type Words = readonly [ja: string, en: string]

const both = ([ja, en]: Words) => ({ ja, en })
const WITHOUT: Words = ['このサービスは使えません', 'You cannot use this service']

/** `why` and `effect` as the consent screen shows them. */
function item(
  id: string,
  required: boolean,
  why: Words,
  effect: Words,
  purposes = ['service_delivery'],
) {
  return { item: id, required, purposes, reasons: both(why), effects: both(effect) }
}

const needed = (id: string, why: Words, purposes?: string[]) =>
  item(id, true, why, WITHOUT, purposes)
const wished = (id: string, why: Words, effect: Words, purposes?: string[]) =>
  item(id, false, why, effect, purposes)

const userId = needed('user_id', ['お客様を見分けるため', 'To recognise you each time'])

/** A confidential web service with a secret, or with a key where the demo publishes one. */
function client(clientId: ClientId, port: number) {
  const { d: _private, ...jwk } = PRIVATE_JWKS[clientId] ?? {}
  const secret = CLIENT_SECRETS[clientId]
  return {
    ...addressesOf(clientId, port),
    ...(secret
      ? {
          authMethod: 'client_secret_basic',
          secretSha256: createHash('sha256').update(secret).digest('hex'),
        }
      : { jwks: { keys: [jwk] } }),
  }
}

function pages(host: string, desk: Words, phone: string) {
  return {
    termsUrl: `https://${host}/terms`,
    policyUrl: `https://${host}/privacy`,
    contact: { desk: both(desk), phone, email: `desk@${host}` },
  }
}

/** Live; a secret; everything can be asked for. The demo's relying service plays it. */
export function machinaka(port: number) {
  return {
    clientId: 'machinaka-kaiyu',
    contract: 'AOBA-001',
    status: 'live',
    names: { ja: 'まちなか回遊アプリ', en: 'Machinaka Stroll', kana: 'マチナカカイユウアプリ' },
    descriptions: both([
      '街を歩いてスタンプを集め、お店の引換券を受け取るサービスです。',
      'Walk the town, collect stamps and receive vouchers from its shops.',
    ]),
    ...pages(
      'machinaka.example',
      ['回遊アプリ お客様窓口', 'Stroll customer desk'],
      '00-1111-0001',
    ),
    retention: both(['利用をやめてから1年', 'One year after you stop using it']),
    client: { ...client('machinaka-kaiyu', port), idTokenAlg: 'RS256' },
    items: [
      userId,
      needed('name', [
        '店頭で引換券の名義を確かめるため',
        'To check the name on vouchers at the shop',
      ]),
      needed(
        'email',
        ['引換券の控えを送るため', 'To send you a copy of each voucher'],
        ['contact'],
      ),
      wished(
        'birth_year',
        ['年代に合うお店を選んで見せるため', 'To choose shops that suit your age'],
        ['おすすめは全年代向けになります', 'Suggestions are those for all ages'],
        ['service_improvement'],
      ),
      wished(
        'sex',
        ['催しの案内を選ぶため', 'To choose which events to show'],
        ['すべての催しを案内します', 'All events are shown'],
        ['service_improvement'],
      ),
      wished(
        'address',
        ['近くの催しから順に案内するため', 'To show nearby events first'],
        ['案内は市全体の順になります', 'Events of the whole city are shown in order of date'],
      ),
    ],
  }
}

/** Suspended: nobody can sign in, until it is live again. */
export function norimono(port: number) {
  return {
    clientId: 'norimono-yoyaku',
    contract: 'AOBA-001',
    status: 'suspended',
    statusReason: '問い合わせ窓口の見直しのため',
    names: { ja: 'のりあい予約', en: 'Noriai Ride Booking', kana: 'ノリアイヨヤク' },
    descriptions: both([
      '乗り合いバスの席を前もって取るサービスです。',
      'Book a seat on the shared bus beforehand.',
    ]),
    ...pages('machinaka.example', ['のりあい予約 窓口', 'Noriai booking desk'], '00-1111-0004'),
    retention: both(['乗車から6か月', 'Six months after the ride']),
    client: client('norimono-yoyaku', port),
    items: [
      userId,
      needed('name', ['乗車のときにご本人を確かめるため', 'To check who is boarding']),
      needed(
        'email',
        ['運行の変更を知らせるため', 'To tell you when the ride changes'],
        ['contact'],
      ),
      wished(
        'address',
        ['近い停留所を先に見せるため', 'To show the nearest stops first'],
        ['停留所は五十音順に並びます', 'Stops are listed by name'],
      ),
    ],
  }
}

/** Live; signs with a key; its contract gives it an ID of its own for each resident. */
export function tosho(port: number) {
  return {
    clientId: 'tosho-yoyaku',
    contract: 'AOBA-002',
    status: 'live',
    names: { ja: 'としょ予約', en: 'Tosho Reserve', kana: 'トショヨヤク' },
    descriptions: both([
      '文庫の本を予約し、受け取る場所を選ぶサービスです。',
      'Reserve books and choose where to pick them up.',
    ]),
    ...pages(
      'tosho.example',
      ['ひろば文庫 利用相談', 'Hiroba Library reader support'],
      '00-1111-0002',
    ),
    retention: both(['利用登録の終了から3か月', 'Three months after your registration ends']),
    client: client('tosho-yoyaku', port),
    items: [
      userId,
      needed('name', ['貸出カードの名義にするため', 'To put your name on the library card']),
      wished(
        'birth_year',
        ['年代に合う本の案内をするため', 'To suggest books for your age'],
        ['案内は全年代向けになります', 'Suggestions are those for all ages'],
        ['service_improvement'],
      ),
      wished(
        'address',
        ['近い受取場所を先に見せるため', 'To show the nearest pick-up place first'],
        ['受取場所は名前の順に並びます', 'Pick-up places are listed by name'],
      ),
    ],
  }
}

/** Live; an application on the phone, which cannot keep a secret. */
export function aruku(port: number) {
  return {
    clientId: 'aruku-point',
    contract: 'AOBA-003',
    status: 'live',
    names: { ja: 'あるくポイント', en: 'Aruku Points', kana: 'アルクポイント' },
    descriptions: both([
      '歩いた歩数に応じてポイントがたまるアプリです。',
      'An app that gives points for the steps you walk.',
    ]),
    ...pages(
      'ashiato.example',
      ['あるくポイント サポート', 'Aruku Points support'],
      '00-1111-0003',
    ),
    retention: both(['利用をやめてから6か月', 'Six months after you stop using it']),
    client: { applicationType: 'native', ...addressesOf('aruku-point', port) },
    items: [
      userId,
      needed('birth_year', ['年代ごとの歩数の目安を示すため', 'To show a step goal for your age']),
      wished(
        'sex',
        ['歩数の目安をより近いものにするため', 'To make the goal fit you better'],
        ['目安は年代だけで決まります', 'The goal depends on your age alone'],
        ['service_improvement'],
      ),
      wished(
        'email',
        ['ポイントの期限を知らせるため', 'To remind you before points expire'],
        ['期限はアプリの中だけで知らせます', 'You are reminded inside the app only'],
        ['contact'],
      ),
    ],
  }
}

/** A draft: known to the consortium, not yet reviewed, shown to nobody. */
export function yumeguri(port: number) {
  return {
    clientId: 'yumeguri-techo',
    contract: 'AOBA-003',
    status: 'draft',
    names: { ja: 'ゆめぐり手帖', en: 'Yumeguri Notebook', kana: 'ユメグリテチョウ' },
    descriptions: both([
      '市内の浴場をめぐり、記録を残すサービスです。',
      'Visit the public baths of the city and keep a record.',
    ]),
    ...pages('ashiato.example', ['ゆめぐり手帖 サポート', 'Yumeguri support'], '00-1111-0005'),
    retention: both(['最後の記録から1年', 'One year after your last record']),
    client: client('yumeguri-techo', port),
    items: [
      userId,
      wished(
        'name',
        ['手帖の表紙に名前を入れるため', 'To put your name on the cover'],
        ['表紙には名前が入りません', 'The cover bears no name'],
      ),
    ],
  }
}
