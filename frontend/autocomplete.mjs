// A long select becomes a box to type in. The select stays in the page and is what the form posts.
import accessibleAutocomplete from 'accessible-autocomplete'

const HOW_TO = 'When results are available use up and down arrows to review and enter to select. Touch device users, explore by touch or with swipe gestures.'

const textOf = (id) => (document.getElementById(id)?.textContent ?? '').replace(/\s+/g, ' ').trim()

// Names without what people write in different ways, as travel/forms/countries.py folds them.
function fold (text) {
  const words = text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replace(/['’.]/g, '').replace(/&/g, ' and ')
    .replace(/[^a-z0-9]+/g, ' ').trim().split(' ').map((word) => word === 'st' ? 'saint' : word)
  return (words[0] === 'the' && words.length > 1 ? words.slice(1) : words).join(' ')
}

const EXACT = 0
const NOT_AT_ALL = 4

function rank (name, wanted) {
  if (name === wanted) return EXACT
  if (name.startsWith(wanted)) return 1
  if (name.includes(' ' + wanted)) return 2
  return name.includes(wanted) ? 3 : NOT_AT_ALL
}

// Every option with each name that it goes by, folded; the first is its own.
function entriesOf (select) {
  const synonyms = Object.entries(JSON.parse(select.dataset.synonyms ?? '{}'))
  return [...select.options].filter((option) => option.text.trim() !== '').map((option) => ({
    option,
    text: option.text.trim(),
    names: [fold(option.text), ...synonyms.filter(([, value]) => value === option.value).map(([name]) => name)]
  }))
}

export function autocomplete (select) {
  // The library does not carry aria-describedby over, so the hint and the error would go unsaid.
  const described = (select.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean).map(textOf).filter(Boolean)
  const isWrong = select.classList.contains('govuk-select--error')
  const typed = select.dataset.typed ?? ''
  const refused = JSON.parse(select.dataset.refused ?? '{"names":[]}')
  const entries = entriesOf(select)
  const id = select.id
  const box = () => document.getElementById(id)

  const find = (query) => {
    const wanted = fold(query)
    if (wanted === '') return []
    return entries.map(({ text, names }) => ({ text, rank: Math.min(...names.map((name) => rank(name, wanted))) }))
      .filter((found) => found.rank < NOT_AT_ALL)
      .sort((one, other) => one.rank - other.rank)
      .map((found) => found.text)
  }

  const noResults = () => refused.names.includes(fold(box().value)) ? refused.why : 'No results found'

  accessibleAutocomplete.enhanceSelectElement({
    selectElement: select,
    defaultValue: select.value === '' ? typed : select.options[select.selectedIndex].text.trim(),
    source: (query, show) => show(find(query)),
    showAllValues: false,
    // Nothing is picked in advance: "Ger" is not Algeria, and what is named in full needs no guess.
    autoselect: false,
    confirmOnBlur: false,
    displayMenu: 'overlay',
    inputClasses: 'govuk-input' + (isWrong ? ' govuk-input--error' : ''),
    tAssistiveHint: () => [...described, HOW_TO].join('. '),
    tNoResults: noResults,
    tStatusNoResults: noResults,
    onConfirm: (chosen) => choose(select, entries, chosen)
  })

  // What was typed but never picked would otherwise leave the earlier choice selected behind it: the form would post a
  // country that is no longer on the screen. Enter in the box sends the form without leaving the box first.
  const input = box()
  for (const event of ['input', 'blur']) input?.addEventListener(event, () => choose(select, entries, input.value))
  if (typed) choose(select, entries, typed)

  // Enter in the box picks what is named in full. The library would do nothing, since no line of its list is marked.
  input?.parentElement.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.target !== input || input.getAttribute('aria-expanded') !== 'true') return
    const named = namedInFull(entries, input.value)
    const lines = named ? [...document.querySelectorAll(`#${CSS.escape(id)}__listbox > li`)] : []
    const line = lines[find(input.value).indexOf(named?.text)]
    if (!line) return
    event.preventDefault()
    event.stopPropagation()
    line.click()
  }, true)
}

function namedInFull (entries, text) {
  const wanted = fold(text)
  return entries.find(({ names }) => names[0] === wanted) ?? entries.find(({ names }) => names.includes(wanted))
}

function choose (select, entries, text) {
  // The library confirms "nothing" when the menu closes without a choice; what was chosen before still holds then.
  if (text === undefined) return
  select.querySelector('option[data-unknown]')?.remove()
  const found = namedInFull(entries, text)
  if (found || text.trim() === '') {
    select.value = found ? found.option.value : ''
    return
  }
  // What matches nothing is sent as it was typed, so that the page that refuses it can show it again.
  const unknown = new Option(text.trim(), text.trim(), true, true)
  unknown.dataset.unknown = ''
  select.append(unknown)
}
