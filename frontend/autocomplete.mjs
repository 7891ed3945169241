// A long select becomes a box to type in. The select stays in the page and is what the form posts.
import accessibleAutocomplete from 'accessible-autocomplete'

const HOW_TO = 'When results are available use up and down arrows to review and enter to select. Touch device users, explore by touch or with swipe gestures.'

const textOf = (id) => (document.getElementById(id)?.textContent ?? '').replace(/\s+/g, ' ').trim()

export function autocomplete (select) {
  // The library does not carry aria-describedby over, so the hint and the error would go unsaid.
  const described = (select.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean).map(textOf).filter(Boolean)
  const isWrong = select.classList.contains('govuk-select--error')
  const typed = select.dataset.typed ?? ''

  accessibleAutocomplete.enhanceSelectElement({
    selectElement: select,
    defaultValue: select.value === '' ? typed : select.options[select.selectedIndex].text.trim(),
    showAllValues: false,
    preserveNullOptions: true,
    confirmOnBlur: false,
    displayMenu: 'overlay',
    inputClasses: 'govuk-input' + (isWrong ? ' govuk-input--error' : ''),
    tAssistiveHint: () => [...described, HOW_TO].join('. '),
    onConfirm: (chosen) => choose(select, chosen)
  })

  // What was typed but never picked would otherwise leave the earlier choice selected behind it: the form would post a
  // country that is no longer on the screen. Enter in the box sends the form without leaving the box first.
  const input = document.getElementById(select.id.replace(/-select$/, ''))
  for (const event of ['input', 'blur']) input?.addEventListener(event, () => choose(select, input.value))
  if (typed) choose(select, typed)
}

function choose (select, text) {
  // The library confirms "nothing" when the menu closes without a choice; what was chosen before still holds then.
  if (text === undefined) return
  select.querySelector('option[data-unknown]')?.remove()
  const wanted = text.trim().toLowerCase()
  const found = [...select.options].find((option) => option.text.trim().toLowerCase() === wanted)
  if (found || wanted === '') {
    select.value = found ? found.value : ''
    return
  }
  // What matches nothing is sent as it was typed, so that the page that refuses it can show it again.
  const unknown = new Option(text.trim(), text.trim(), true, true)
  unknown.dataset.unknown = ''
  select.append(unknown)
}
