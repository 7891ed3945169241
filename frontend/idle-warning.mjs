// Warns before the session ends, and keeps in the page what was typed when it has ended.
//
// The server says for whom it drew the page and how long the session still has; only the server ends a session. Typing
// and clicking count as being here, and the server hears of it every five minutes at most. Other tabs of the same person
// hear of it too. Once the session is over the page sends nothing until the same person has signed in again.

const TELL_EVERY = 5 * 60 * 1000
const LOOK_EVERY = 1000

export function idleWarning (meta) {
  const { who, stay, alive, signIn, signOut, ...clock } = JSON.parse(meta.content)
  const warn = clock.warn * 1000
  const channel = new BroadcastChannel('portal-session')
  const dialog = document.createElement('dialog')
  let idleEnd, ageEnd
  let toldAt = Date.now()
  let actedAt = toldAt
  let telling = null // the timer that tells the server of what was done since it last heard
  let state = 'in' // or 'out', or 'other': somebody else signed in
  let isWarned = false // about the end that nothing can put off
  let isStale = false // another tab may have changed the token that this page sends
  let isAsking = false

  const end = () => Math.min(idleEnd, ageEnd)
  const isAgeNext = () => ageEnd <= idleEnd
  const hasForm = () => document.querySelector('main form[method="post"]') !== null

  // What the server says ------------------------------------------------------------------------------------------

  const read = ({ idle, age }) => {
    idleEnd = Date.now() + idle * 1000
    ageEnd = Date.now() + age * 1000
  }

  const tokens = () => document.querySelectorAll('input[name="csrfmiddlewaretoken"]')

  // Returns 'in', 'out' or 'other'; null when the server cannot be asked.
  const ask = async (url, options) => {
    let answer
    try {
      const response = await fetch(url, { cache: 'no-store', credentials: 'same-origin', ...options })
      if (!response.ok) return null
      answer = await response.json()
    } catch {
      return null
    }
    if (!answer.who) return 'out'
    if (answer.who !== who) return 'other'
    read(answer)
    if (answer.token) tokens().forEach((field) => { field.value = answer.token })
    return 'in'
  }

  const isAlive = () => ask(alive)

  const tell = async () => {
    clearTimeout(telling)
    telling = null
    toldAt = Date.now()
    // Another tab may have signed in again since this page was drawn: then its token is old, and a fresh one is asked for.
    const post = () => ask(stay, { method: 'POST', headers: { 'X-CSRFToken': tokens()[0]?.value ?? '' } })
    const found = await post() ?? (await isAlive() === 'in' ? await post() : null)
    if (found === 'in') channel.postMessage({ who, idle: (idleEnd - Date.now()) / 1000, age: (ageEnd - Date.now()) / 1000 })
    settle(found)
  }

  // A computer that slept wakes its timers late, when nobody has been here for long.
  const tellLater = () => {
    telling = null
    if (Date.now() - actedAt <= TELL_EVERY) tell()
  }

  // What the person is told ---------------------------------------------------------------------------------------

  dialog.className = 'app-dialog'
  dialog.tabIndex = -1
  dialog.setAttribute('aria-labelledby', 'session-title')
  dialog.setAttribute('aria-describedby', 'session-text')
  dialog.innerHTML = '<h2 class="govuk-heading-m" id="session-title"></h2>' +
    '<p class="govuk-body" id="session-text" aria-live="polite"></p><div class="govuk-button-group"></div>'
  document.body.append(dialog)
  const [title, text, buttons] = dialog.children

  const button = (label, act, kind = '') => {
    const made = document.createElement('button')
    made.type = 'button'
    made.className = `govuk-button ${kind}`
    made.textContent = label
    made.addEventListener('click', act)
    return made
  }

  const link = (label, href, isNewTab) => {
    const made = document.createElement('a')
    made.className = 'govuk-link'
    made.href = href
    made.textContent = label
    if (isNewTab) Object.assign(made, { target: '_blank', rel: 'noopener' })
    return made
  }

  const say = (words) => {
    // A screen reader speaks each change, so nothing changes but the words.
    if (text.textContent !== words) text.textContent = words
  }

  const show = (kind, heading, words, ...offers) => {
    dialog.dataset.kind = kind
    title.textContent = heading
    say(words)
    buttons.replaceChildren(...offers)
    if (!dialog.open) dialog.showModal()
    // Not the first button: whoever is typing would press it with the next space.
    dialog.focus()
  }

  const close = () => dialog.close()

  const leave = () => {
    const form = document.querySelector(`form[action="${signOut}"]`)
    if (form) form.submit()
  }

  const timeLeft = () => {
    const minutes = Math.ceil((end() - Date.now()) / 60000)
    const when = minutes > 1 ? `in ${minutes} minutes` : 'in less than a minute'
    const at = new Date(end()).toLocaleTimeString('en-GB', { hour: 'numeric', minute: '2-digit', hour12: true })
      .replace(/\s/g, '')
    return isAgeNext()
      ? `You have been signed in for as long as anybody can be. You will be signed out at ${at}, ${when}. ` +
        'This cannot be put off. Save or send what you are doing.'
      : `Nothing has happened for a while. To protect your account you will be signed out at ${at}, ${when}.`
  }

  const showWarning = () => {
    const back = isAgeNext()
      ? button('Go back to the page', () => { isWarned = true; close() })
      : button('Stay signed in', () => { close(); tell() })
    show('warning', 'You will be signed out soon', timeLeft(), back, button('Sign out', leave, 'govuk-button--secondary'))
  }

  const showOut = () => {
    if (hasForm()) {
      show('out', 'You were signed out', 'What you typed is still on this page. Sign in again in a new tab, then come ' +
        'back here and send it.', link('Sign in (opens in new tab)', signIn, true), button('Close this message', close, 'govuk-button--secondary'))
    } else {
      const here = `${location.pathname}${location.search}`
      show('out', 'You were signed out', 'Sign in again to go on.', link('Sign in', `${signIn}?next=${encodeURIComponent(here)}`))
    }
  }

  const showOther = () => show('other', 'Somebody else is signed in now', 'This page belongs to the person who opened it. ' +
    'Nothing on it will be sent. If it is yours, copy what you need, sign the other person out and sign in again.',
  button('Close this message', close, 'govuk-button--secondary'), link('Go to the home page', '/'))

  const showBack = () => show('back', 'You are signed in again', 'What you typed is still on this page. Check it, then send it.',
    button('Go back to the page', close))

  // What follows from what the server said
  const settle = (found) => {
    if (!found) return
    const before = state
    state = found
    if (found === 'in') {
      isWarned = isWarned && isAgeNext()
      if (before === 'in') {
        if (dialog.dataset.kind === 'warning' && end() - Date.now() > warn) close()
      } else if (hasForm()) showBack()
      else close()
    } else if (found !== before) {
      if (found === 'out') showOut()
      else showOther()
    }
  }

  const check = async () => {
    if (isAsking) return
    isAsking = true
    isStale = false
    const found = await isAlive()
    isAsking = false
    settle(found ?? (Date.now() >= end() ? 'out' : null))
  }

  // When to look --------------------------------------------------------------------------------------------------

  const look = async () => {
    const left = end() - Date.now()
    if (state !== 'in' || left > warn) return
    const isShown = dialog.open && dialog.dataset.kind === 'warning'
    if (left > 0 && isShown) return say(timeLeft())
    if (left > 0 && isWarned) return
    await check() // Another tab may have been used since.
    if (state === 'in' && end() - Date.now() <= warn && !dialog.open && !isWarned) showWarning()
  }

  const comeBack = () => {
    if (document.visibilityState !== 'visible') return
    if (state !== 'in' || isStale) check()
    else look()
  }

  const here = () => {
    if (state !== 'in' || dialog.open) return
    actedAt = Date.now()
    const wait = toldAt + TELL_EVERY - actedAt
    if (wait <= 0) tell()
    else telling ??= setTimeout(tellLater, wait)
  }

  dialog.addEventListener('cancel', (event) => {
    // Escape answers as the first button does.
    event.preventDefault()
    buttons.querySelector('button')?.click()
  })

  document.addEventListener('submit', async (event) => {
    const form = event.target
    if (state === 'in' || form.method !== 'post') return
    event.preventDefault()
    event.stopPropagation()
    const found = await isAlive()
    if (found === 'in') {
      state = 'in'
      form.requestSubmit(event.submitter)
    } else if (found === 'other' || state === 'other') showOther()
    else showOut()
  }, true)

  channel.addEventListener('message', ({ data }) => {
    if (data.who !== who || state !== 'in') return check()
    isStale = true
    read(data)
    settle('in')
  })

  for (const kind of ['keydown', 'pointerdown', 'input']) document.addEventListener(kind, here, { capture: true, passive: true })
  for (const kind of ['focus', 'pageshow']) window.addEventListener(kind, comeBack)
  document.addEventListener('visibilitychange', comeBack)
  setInterval(look, LOOK_EVERY)
  read(clock)
  channel.postMessage({ who, idle: clock.idle, age: clock.age })
}
