// A security key answers inside the form that asks for it: answers and proof travel in one post.
//
// Each place for a key, [data-security-key], stands in a form beside a hidden box for the answer. "sign_in" has a button
// and nothing else to say, so its answer is sent at once. "prove" has a button, and the form's own button asks the key
// when no code was typed. "add" has only the form's own button. Without this file there is no button at all.

const TOO_LONG = 'That took too long. Try again.'
const NOT_USED = 'The security key was not used. It was cancelled, or it is not a key that you have added. Try again.'
const REFUSED = {
  AbortError: 'The security key was cancelled. Try again.',
  ConstraintError: 'This key cannot make sure that it is you. Use one that has a PIN or reads your fingerprint.',
  InvalidStateError: 'This key is already added to your account. Use another one.',
  NotReadableError: 'The key could not be read. Take it out, put it in and try again.',
  NotSupportedError: 'This browser cannot use this security key. Use another key, or another browser.',
  SecurityError: 'Security keys do not work at this address.'
}

const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
const withBytes = (keys) => (keys ?? []).map((key) => ({ ...key, id: bytes(key.id) }))

class Problem extends Error {}

export function securityKey (place) {
  const form = place.closest('form')
  const purpose = place.dataset.securityKey
  const box = form.querySelector(`[name="${CSS.escape(place.dataset.answer)}"]`)
  const status = place.querySelector('[data-key-status]')
  const button = place.querySelector('button')
  if (!window.PublicKeyCredential || !box) {
    place.querySelector('[data-key-missing]').textContent =
      'This browser cannot use security keys. Use another browser, like Edge, Chrome, Firefox or Safari.'
    return
  }
  place.querySelector('[data-key-missing]').hidden = true
  place.querySelector('[data-key-part]').hidden = false
  box.value = '' // Some browsers fill it again after a reload; an answer counts once.

  const say = (sentence, isProblem = false) => {
    status.className = sentence === '' ? 'govuk-!-margin-0' : isProblem ? 'govuk-error-message' : 'govuk-body'
    status.textContent = sentence
  }

  const ask = async () => {
    say('Waiting for the portal.')
    try {
      box.value = await answer(purpose, place.dataset.challenge, form.querySelector('[name="csrfmiddlewaretoken"]').value, say)
    } catch (problem) {
      say(problem instanceof Problem ? problem.message : REFUSED[problem.name] ?? NOT_USED, true)
    }
    return box.value !== ''
  }

  button?.addEventListener('click', async () => {
    button.disabled = true
    const isRead = await ask()
    button.disabled = false
    if (!isRead) return button.focus()
    if (purpose === 'sign_in') return form.requestSubmit()
    const main = form.querySelector('button[type="submit"]:not([name]):not([tabindex="-1"])')
    say(`Your security key was read. Choose “${main.textContent.trim()}” to finish.`)
    main.focus()
  })

  let isWaiting = false
  form.addEventListener('submit', async (event) => {
    const { submitter } = event
    // Another row, or a code by email, needs no key; and one that waits for an answer is not asked again.
    if (event.defaultPrevented || submitter?.name || box.value !== '' || !isNeeded(form, purpose)) return
    event.preventDefault()
    if (isWaiting) return
    isWaiting = true
    const isRead = await ask()
    isWaiting = false
    if (isRead) form.requestSubmit(submitter)
    else submitter?.focus()
  })
}

// Whether the key has to be asked before the form is sent; what is left empty is better said by the server first.
function isNeeded (form, purpose) {
  const code = form.querySelector('[autocomplete="one-time-code"]')
  const hasCode = Boolean(code?.value.trim())
  if (purpose !== 'add') return !hasCode
  const isEmpty = [...form.querySelectorAll('input.govuk-input')].some((one) => one !== code && one.value.trim() === '')
  const proof = form.querySelector('[name="proof-key_answer"]')
  return !isEmpty && (hasCode || Boolean(proof?.value) || (!code && !proof))
}

async function answer (purpose, url, token, say) {
  const { publicKey, origins } = await challenge(purpose, url, token)
  if (!origins.includes(location.origin)) {
    throw new Problem(`Security keys do not work at this address. Open the portal at ${origins[0]}.`)
  }
  publicKey.challenge = bytes(publicKey.challenge)
  const asked = performance.now()
  const isAdding = purpose === 'add'
  say(isAdding ? 'Touch the new key now. Your browser says what to do.' : 'Touch your security key now. Your browser says what to do.')
  try {
    const credential = isAdding
      ? await navigator.credentials.create({
          publicKey: {
            ...publicKey,
            user: { ...publicKey.user, id: bytes(publicKey.user.id) },
            excludeCredentials: withBytes(publicKey.excludeCredentials)
          }
        })
      : await navigator.credentials.get({
          publicKey: { ...publicKey, allowCredentials: withBytes(publicKey.allowCredentials) }
        })
    say('')
    return JSON.stringify(isAdding ? made(credential) : signed(credential))
  } catch (problem) {
    // Browsers do not tell a key that was taken away from one that nobody touched, so the clock does.
    if (problem.name === 'NotAllowedError' && performance.now() - asked >= publicKey.timeout) throw new Problem(TOO_LONG)
    throw problem
  }
}

async function challenge (purpose, url, token) {
  let response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'X-CSRFToken': token, Accept: 'application/json' },
      body: new URLSearchParams({ purpose })
    })
  } catch {
    throw new Problem('The portal did not answer. Check your connection, then try again.')
  }
  const isOurs = response.headers.get('Content-Type')?.startsWith('application/json')
  const said = isOurs ? await response.json() : {}
  if (!response.ok || !said.publicKey) throw new Problem(said.error ?? 'Your sign-in has ended. Load this page again.')
  return said
}

const common = (credential) => ({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
  clientExtensionResults: {}
})

const made = (credential) => ({
  ...common(credential),
  response: {
    clientDataJSON: text(credential.response.clientDataJSON),
    attestationObject: text(credential.response.attestationObject),
    transports: credential.response.getTransports?.() ?? []
  }
})

const signed = (credential) => ({
  ...common(credential),
  response: {
    clientDataJSON: text(credential.response.clientDataJSON),
    authenticatorData: text(credential.response.authenticatorData),
    signature: text(credential.response.signature),
    userHandle: null
  }
})
