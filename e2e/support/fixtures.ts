import fs from 'node:fs'
import path from 'node:path'
import { test as base, expect, type Page } from '@playwright/test'
import { readInstances } from './global-setup'
import { limitedNamespace } from './limited-person'

export interface World {
  /** Where the console under test is. */
  url: string
  /** Its home: the sign-in link is there. */
  home: string
  /** The home of the instance that runs the guests. */
  hypervisorHome: string
  kubeconfig: string
  /** The `<cluster>` of its addresses. */
  cluster: string
  /** Where the person works. */
  namespace: string
}

/**
 * Journeys run against whichever console the project names. Anything that the page writes to the browser's console as an
 * error, and any exception nobody caught, fails the test.
 */
export const test = base.extend<{ world: World; signedIn: Page; complaints: string[] }>({
  // Playwright reads the first parameter's names; these need none of the others.
  world: async ({}, use, info) => {
    const instances = readInstances()
    const limited = info.project.name === 'limited'
    const side = limited ? instances.limited : info.project.name === 'cluster' ? instances.cluster : instances.embedded
    await use({
      ...side,
      hypervisorHome: instances.embedded.home,
      kubeconfig: path.join(instances.embedded.home, 'kubeconfig'),
      cluster: side === instances.embedded ? 'local' : 'cluster',
      namespace: limited ? limitedNamespace : 'default',
    })
  },
  complaints: async ({}, use) => use([]),
  signedIn: async ({ page, world, complaints }, use) => {
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
    page.on('console', (message) => {
      // A browser reports every 404, also the answer to whether a name is still free.
      const isFreeName = /status of 404/.test(message.text()) && message.location().url.endsWith('-cloudinit')
      if (message.type() === 'error' && !isFreeName)
        complaints.push(`console: ${message.text()} (${message.location().url})`)
    })
    await signIn(page, world)
    await use(page)
    expect(complaints).toEqual([])
  },
})

/** Opens a fresh one-time link, as a person does who reads it from the terminal. */
export async function signIn(page: Page, world: World): Promise<void> {
  await page.goto(fs.readFileSync(path.join(world.home, 'login-url'), 'utf8').trim())
  await page.waitForURL(`**/c/${world.cluster}/**`)
  if (world.cluster !== 'local') await allowChanges(page, world)
  if (world.namespace !== 'default') await nameNamespace(page, world)
}

/** An outside connection is read-only for a person until they decide otherwise. */
async function allowChanges(page: Page, world: World): Promise<void> {
  const { csrfToken } = await (await page.request.get(`${world.url}/auth/session`)).json()
  const answer = await page.request.put(`${world.url}/connections/${world.cluster}/read-only`, {
    data: { readOnly: false },
    headers: { 'x-chiave-csrf': csrfToken, origin: world.url },
  })
  expect(answer.status()).toBe(200)
  // The page has learnt of the switch already.
  await page.goto(`${world.url}/c/${world.cluster}/overview`)
}

/** Who sees no list of namespaces says once which one they work in. */
export async function nameNamespace(page: Page, { namespace }: World): Promise<void> {
  const question = page.getByRole('heading', { name: 'Which namespaces do you work in?' })
  const selector = page.getByRole('button', { name: /^Namespace: / })
  await expect(question.or(selector)).toBeVisible()
  if (await selector.isVisible()) return
  await page.getByRole('textbox', { name: 'Name of a namespace' }).fill(namespace)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(selector).toBeVisible()
}

/** Waits until the page shows what it has to show, within the time in milliseconds. */
export async function settled(page: Page, timeout?: number): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible(timeout === undefined ? {} : { timeout })
  await expect(page.locator('.pf-v6-c-skeleton')).toHaveCount(0)
}

/** Gives the serial terminal the focus and waits for the guest's log-in prompt. */
export async function serialPrompt(page: Page): Promise<void> {
  const terminal = page.getByTestId('serial-terminal')
  await terminal.click()
  await expect(async () => {
    await page.keyboard.press('Enter')
    await expect(terminal.locator('.xterm-rows')).toContainText('login:', { timeout: 2_000 })
  }).toPass({ timeout: 90_000 })
}

export { expect }
