/*
 * Passkeys. A form with data-passkey="get" or "create" and data-options (WebAuthn options as JSON, binary in base64url)
 * asks the browser, puts the answer into its field `credential` and posts itself as any form does.
 */
'use strict'
;(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
      .replace(/=+$/, '')
  const keys = (list) => (list ?? []).map((key) => ({ ...key, id: bytes(key.id) }))

  const ask = (kind, options) => {
    const publicKey = { ...options, challenge: bytes(options.challenge) }
    if (kind === 'create') {
      publicKey.user = { ...options.user, id: bytes(options.user.id) }
      publicKey.excludeCredentials = keys(options.excludeCredentials)
      return navigator.credentials.create({ publicKey })
    }
    publicKey.allowCredentials = keys(options.allowCredentials)
    return navigator.credentials.get({ publicKey })
  }

  const told = ({ id, rawId, type, response }) => {
    const answer = { clientDataJSON: text(response.clientDataJSON) }
    if (response.attestationObject) {
      answer.attestationObject = text(response.attestationObject)
      answer.transports = response.getTransports?.() ?? []
    } else {
      answer.authenticatorData = text(response.authenticatorData)
      answer.signature = text(response.signature)
      if (response.userHandle) answer.userHandle = text(response.userHandle)
    }
    return JSON.stringify({
      id,
      rawId: text(rawId),
      type,
      response: answer,
      clientExtensionResults: {},
    })
  }

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void send(form)
    })
  }

  async function send(form) {
    const button = form.querySelector('button')
    button.disabled = true
    const field = form.elements.namedItem('credential')
    try {
      field.value = told(await ask(form.dataset.passkey, JSON.parse(form.dataset.options)))
    } catch {
      // Cancelled, or not possible here: the server says so on the page.
      field.value = ''
    }
    form.submit()
  }
})()
