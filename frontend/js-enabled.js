// GOV.UK Frontend expects these classes before the first paint. Upstream writes them with an inline script; our
// Content-Security-Policy allows none, so the same line is a file, loaded as the first child of <body>.
document.body.className += ' js-enabled' + ('noModule' in HTMLScriptElement.prototype ? ' govuk-frontend-supported' : '')
