// "Add another" and "Remove" for the rows of a Django formset, without asking the server.
//
// The buttons are submit buttons that the server answers; here they are answered in the page. A row's names, ids and
// the attributes that point at ids all carry its number, "rows-0-city", so adding and removing means renumbering.

const POINTERS = ['id', 'name', 'for', 'aria-describedby', 'aria-controls', 'data-aria-controls', 'href']

export function addAnother (container, enhance) {
  const prefix = container.dataset.prefix
  const least = Math.max(Number(container.dataset.min), 1)
  const most = Number(container.dataset.max)
  const name = container.dataset.rowName
  const rows = container.querySelector('[data-add-another-rows]')
  const template = container.querySelector('template')
  const add = container.querySelector('[data-add-another-add]')
  const total = container.querySelector(`[name="${prefix}-TOTAL_FORMS"]`)
  const status = container.querySelector('[data-add-another-status]')
  if (!rows || !template || !add || !total) return

  const all = () => [...rows.querySelectorAll(':scope > [data-add-another-row]')]

  const renumber = () => {
    const current = all()
    current.forEach((row, index) => {
      replaceNumbers(row, prefix, index)
      row.querySelector('[data-add-another-legend]').textContent = `${name} ${index + 1}`
      row.querySelector('[data-add-another-name]').textContent = ` ${name.toLowerCase()} ${index + 1}`
      const remove = row.querySelector('[data-add-another-remove]')
      remove.name = `remove-${index}`
      remove.hidden = current.length <= least
    })
    total.value = String(current.length)
    add.hidden = current.length >= most
  }

  add.addEventListener('click', (event) => {
    event.preventDefault()
    rows.append(template.content.cloneNode(true))
    const row = all().at(-1)
    renumber()
    enhance(row)
    focusOn(row)
    status.textContent = `${name} ${all().length} added`
  })

  rows.addEventListener('click', (event) => {
    const button = event.target.closest('[data-add-another-remove]')
    if (!button) return
    const row = button.closest('[data-add-another-row]')
    const index = all().indexOf(row)
    // A search box keeps its own ids and writes them again later, so it cannot be renumbered: then the server does it.
    if (all().slice(index + 1).some((later) => later.querySelector('.autocomplete__wrapper'))) return
    event.preventDefault()
    row.remove()
    renumber()
    // Focus must not fall to the top of the page: it goes to the row that took this one's place.
    focusOn(all()[Math.min(index, all().length - 1)])
    status.textContent = `${name} ${index + 1} removed`
  })
}

function focusOn (row) {
  row.querySelector('[data-add-another-legend]').focus()
}

function replaceNumbers (row, prefix, index) {
  // "rows-3-" or "rows-__prefix__-", wherever it stands in the value: "id_rows-3-city", "conditional-id_rows-3-visa_1".
  const numbered = new RegExp(`(^|[_ #-])${prefix}-(\\d+|__prefix__)-`, 'g')
  for (const element of [row, ...row.querySelectorAll('*')]) {
    for (const attribute of POINTERS) {
      const value = element.getAttribute(attribute)
      if (value) element.setAttribute(attribute, value.replace(numbered, `$1${prefix}-${index}-`))
    }
  }
}
