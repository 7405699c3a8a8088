// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from '@playwright/test'
import { resolveHome } from './setup/home.mjs'
import { findProgram, root, say } from './setup/steps.mjs'

const widths = { wide: [1440, 900], tablet: [768, 1024], phone: [390, 844] }
const themes = /** @type {const} */ (['light', 'dark'])

/**
 * `npm run screenshots -- [--home DIR] [--out DIR] [--page /c/local/overview …]`: takes pictures of a running instance's
 * pages at each width, light and dark, to be looked at.
 */
async function main() {
  const { values } = parseArgs({
    options: {
      home: { type: 'string' },
      out: { type: 'string', default: path.join('test-results', 'screenshots') },
      page: { type: 'string', multiple: true },
    },
  })
  const home = resolveHome(values.home ?? process.env['CHIAVE_HOME'])
  const link = fs.readFileSync(path.join(home, 'login-url'), 'utf8').trim()
  const executablePath = findProgram('chromium') ?? findProgram('google-chrome-stable')
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: ['--no-first-run', '--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  })
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(link)
    await page.getByRole('navigation').first().waitFor()
    const cluster = new URL(page.url()).pathname.split('/')[2] ?? 'local'
    const pages = values.page ?? defaultPages(cluster)
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme })
      for (const [name, [width = 0, height = 0]] of Object.entries(widths)) {
        await page.setViewportSize({ width, height })
        for (const address of pages) await take(page, { address, file: pictureFile(values.out, address, name, theme) })
      }
    }
  } finally {
    await browser.close()
  }
}

/** @param {string} cluster */
function defaultPages(cluster) {
  const places = ['overview', 'virtual-machines', 'virtual-machines/create', 'catalog', 'storage', 'networks', 'hosts']
  return [...places, 'platform', 'activity'].map((place) => `/c/${cluster}/${place}`)
}

/**
 * @param {import('@playwright/test').Page} page
 * @param {{ address: string, file: string }} options
 */
async function take(page, { address, file }) {
  await page.goto(new URL(address, page.url()).href)
  await page.getByRole('main').waitFor()
  // The live stream never rests, so the network is no sign; what is still being fetched says so by a progress bar.
  await page
    .getByRole('progressbar')
    .first()
    .waitFor({ state: 'hidden', timeout: 10_000 })
    .catch(() => say(`  ${address} still shows progress`))
  fs.mkdirSync(path.dirname(file), { recursive: true })
  await page.screenshot({ path: file })
  say(`  ${path.relative(root, file)}`)
}

/**
 * @param {string} directory
 * @param {string} address
 * @param {string} width
 * @param {string} theme
 */
function pictureFile(directory, address, width, theme) {
  const place = address.replace(/^\/c\/[^/]+\//, '').replace(/[^\w-]+/g, '-')
  return path.resolve(root, directory, `${place}-${width}-${theme}.png`)
}

await main()
