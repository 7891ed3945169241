// What a page can do beyond HTML. Everything works without it: this file only saves a request or a long list.
import {
  Button,
  CharacterCount,
  Checkboxes,
  ErrorSummary,
  FileUpload,
  NotificationBanner,
  PasswordInput,
  Radios,
  ServiceNavigation,
  SkipLink,
  createAll
} from 'govuk-frontend'
import { FilterToggleButton } from '@ministryofjustice/frontend'
import { addAnother } from './add-another.mjs'
import { autocomplete } from './autocomplete.mjs'
import { idleWarning } from './idle-warning.mjs'
import { securityKey } from './security-key.mjs'
import { shownBy } from './shown-by.mjs'

const components = [
  Button,
  CharacterCount,
  Checkboxes,
  ErrorSummary,
  FileUpload,
  NotificationBanner,
  PasswordInput,
  Radios,
  ServiceNavigation,
  SkipLink
]

function enhance (scope) {
  for (const component of components) createAll(component, undefined, scope)
  scope.querySelectorAll('select[data-autocomplete]').forEach(autocomplete)
}

// A row that was added later gets what the page got at the start. The rows go first, so that their templates are still
// plain HTML when they are read.
document.querySelectorAll('[data-add-another]').forEach((container) => addAnother(container, enhance))
enhance(document)
document.querySelectorAll('[data-shown-by]').forEach(shownBy)
createAll(FilterToggleButton, { startHidden: false, toggleButtonContainer: { selector: '.app-filter-toggle' } })
document.querySelectorAll('meta[name="portal-session"]').forEach(idleWarning)
document.querySelectorAll('[data-security-key]').forEach(securityKey)
