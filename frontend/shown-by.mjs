// Rows that only one answer of the page calls for are shown for that answer. What was typed stays in sight with any other:
// the server asks about it.
export function shownBy (container) {
  const { shownBy: name, shownFor: wanted } = container.dataset
  const answers = [...container.closest('form').querySelectorAll(`[name="${CSS.escape(name)}"]`)]
  const hasText = () => [...container.querySelectorAll('input:not([type="hidden"]), textarea')].some((box) => box.value.trim() !== '')
  const update = () => {
    container.hidden = !hasText() && !answers.some((answer) => answer.checked && answer.value === wanted)
  }
  answers.forEach((answer) => answer.addEventListener('change', update))
  update()
}
