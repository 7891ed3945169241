// Builds everything under static/portal from this folder: `npm ci && npm run build`.
// The output is committed, so that neither running nor testing the portal needs Node.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import * as sass from 'sass'

const here = dirname(fileURLToPath(import.meta.url))
const modules = join(here, 'node_modules')
const out = join(here, '..', 'static', 'portal')

// MoJ Frontend imports "node_modules/govuk-frontend/...", so the folder above node_modules is a load path as well.
let css = sass.compile(join(here, 'app.scss'), {
  style: 'compressed',
  loadPaths: [modules, here],
  quietDeps: true
}).css

// GOV.UK's footer names the royal crest. We have no right to it, and a hashed static storage would refuse the missing file.
css = css.replace(/url\("?[^")]*govuk-crest\.svg"?\)/g, 'none')

// Nothing of the last build is thrown away before this one has compiled.
const code = await esbuild.build({
  entryPoints: [join(here, 'app.mjs')],
  write: false,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2020',
  legalComments: 'none',
  logLevel: 'warning'
})
rmSync(out, { recursive: true, force: true })
mkdirSync(join(out, 'assets', 'images'), { recursive: true })

// Only the images that the stylesheet asks for are copied: the packages also carry crests and crowns.
const images = new Set([...css.matchAll(/url\("?assets\/images\/([^")]+)"?\)/g)].map((match) => match[1]))
for (const image of images) {
  if (!/^icon-[a-z-]+\.svg$/.test(image)) throw new Error(`The stylesheet asks for ${image}, which is not a plain icon.`)
  cpSync(join(modules, '@ministryofjustice', 'frontend', 'moj', 'assets', 'images', image), join(out, 'assets', 'images', image))
}

for (const forbidden of ['GDS Transport', '@font-face', 'govuk-crest', 'sourceMappingURL', 'url(http', 'url("http', 'url(data', 'url("data']) {
  if (css.includes(forbidden)) throw new Error(`The stylesheet contains "${forbidden}".`)
}
writeFileSync(join(out, 'app.css'), css.trim() + '\n')

writeFileSync(join(out, 'app.js'), code.outputFiles[0].text)

// Comments are for whoever reads the source; the page gets the one statement.
const snippet = await esbuild.transform(readFileSync(join(here, 'js-enabled.js'), 'utf8'), { minify: true })
writeFileSync(join(out, 'js-enabled.js'), snippet.code)
for (const copied of ['favicon.svg', 'LICENCES.txt']) cpSync(join(here, copied), join(out, copied))
