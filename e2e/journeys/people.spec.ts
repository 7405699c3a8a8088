import path from 'node:path'
import type { Browser, Page } from '@playwright/test'
import { Secret, TOTP } from 'otpauth'
import { csrfHeader, type SessionInfo } from '@/contract/session'
import { expect, settled, signIn, test, type World } from '../support/fixtures'
import { readInstances } from '../support/global-setup'
import { kubectlFor } from '../support/kubectl'

const user = 'grace'
const handedOver = 'handed-over-horse'
const own = 'nobody-else-knows-it'

/** Everything below is about one person, in order. */
test.describe.configure({ mode: 'serial' })

let secret = ''
/** Not used up yet. */
let recoveryCodes: string[] = []

test.afterAll(async ({ browser }) => {
  const { embedded } = readInstances()
  const kubeconfig = path.join(embedded.home, 'kubeconfig')
  const page = await newPage(browser)
  await signIn(page, { ...embedded, hypervisorHome: embedded.home, kubeconfig, cluster: 'local', namespace: 'default' })
  // Our own gateway, agreed in contract/session.ts.
  const { csrfToken } = (await (await page.request.get(`${embedded.url}/auth/session`)).json()) as SessionInfo
  const headers = { [csrfHeader]: csrfToken, origin: embedded.url }
  await page.request.delete(`${embedded.url}/auth/users/${user}`, { headers })
  const binding = `chiave:user:${user}:edit`
  kubectlFor(kubeconfig)('delete', 'rolebinding', '-n', 'default', '--ignore-not-found', binding)
  await page.context().close()
})

/** What the app shows, or showed half a minute ago: the server takes both, but none twice and none after a later one. */
function code(periods = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + periods * 30_000 })
}

async function openSignIn(page: Page, world: World): Promise<void> {
  await page.goto(`${world.url}/sign-in`)
  await page.getByLabel('User name').fill(user)
}

async function enterPassword(page: Page, password: string): Promise<void> {
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

async function enterCode(page: Page, text: string): Promise<void> {
  await page.getByLabel('Code of your authenticator app').fill(text)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Signs in with a recovery code, which works at once where the app's next code is half a minute away. */
async function signInAsUser(page: Page, world: World): Promise<void> {
  await openSignIn(page, world)
  await enterPassword(page, own)
  await page.getByRole('button', { name: 'Use a recovery code' }).click()
  await page.getByLabel('Recovery code').fill(recoveryCodes.pop() ?? '')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(`**/c/${world.cluster}/**`)
}

async function newPage(browser: Browser): Promise<Page> {
  return (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
}

test('an administrator creates a user and lets them work in one namespace', async ({ signedIn: page, world }) => {
  await page.getByRole('button', { name: /Signed in as/ }).click()
  await page.getByRole('menuitem', { name: 'Users' }).click()
  await page.getByRole('button', { name: 'Create user' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create user' })
  await dialog.getByLabel('Name', { exact: false }).first().fill(user)
  await dialog.getByLabel('Type one').check()
  await dialog.locator('#user-password').fill(handedOver)
  await dialog.getByRole('button', { name: 'Create user' }).click()
  await page.waitForURL(`**/users/${user}`)
  await settled(page)
  await expect(page.getByText('No access yet')).toBeVisible()
  await page.getByLabel('Role', { exact: true }).selectOption('edit')
  await page.getByLabel('Where', { exact: true }).selectOption('default')
  await page.getByRole('button', { name: 'Grant', exact: true }).click()
  await expect(page.getByRole('grid', { name: 'Access' }).getByRole('row', { name: /edit.*default/ })).toBeVisible()
  const binding = kubectlFor(world.kubeconfig)('get', 'rolebinding', '-n', 'default', '-o', 'name')
  expect(binding).toContain(user)
})

test('they choose a password of their own at the first sign-in and set up a second factor', async ({ page, world }) => {
  await openSignIn(page, world)
  await enterPassword(page, handedOver)
  await expect(page.getByRole('heading', { name: 'Choose your own password' })).toBeVisible()
  await page.getByLabel('Present password').fill(handedOver)
  await page.getByLabel('New password', { exact: true }).fill(own)
  await page.getByLabel('New password once more').fill(own)
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.waitForURL(`**/c/${world.cluster}/**`)

  await page.goto(`${world.url}/profile/security`)
  await page.getByRole('button', { name: 'Set up a second factor' }).click()
  await expect(page.getByRole('img', { name: 'Picture for an authenticator app' })).toBeVisible()
  secret = (await page.getByTestId('totp-secret').innerText()).replace(/\s/g, '')
  await page.getByLabel('Code of your authenticator app').fill(code(-1))
  await page.getByRole('button', { name: 'Turn on' }).click()
  const codes = page.getByRole('dialog', { name: 'Keep your recovery codes' })
  await expect(codes.getByRole('listitem')).toHaveCount(10)
  recoveryCodes = await codes.getByRole('listitem').allInnerTexts()
  await codes.getByLabel(/I have kept the codes/).check()
  await codes.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByText('10 recovery codes are left.')).toBeVisible()
})

test('from then on the password alone does not let anybody in, nor does a wrong code', async ({ page, world }) => {
  await openSignIn(page, world)
  await enterPassword(page, own)
  await enterCode(page, '000000')
  await expect(page.getByText('The name, the password or the code is wrong.')).toBeVisible()
  expect((await page.request.get(`${world.url}/auth/session`)).status()).toBe(401)
  await enterCode(page, code())
  await page.waitForURL(`**/c/${world.cluster}/**`)
})

test('they see where they are signed in, and end a session elsewhere', async ({ page, world, browser }) => {
  const elsewhere = await newPage(browser)
  await signInAsUser(elsewhere, world)
  await signInAsUser(page, world)
  await page.goto(`${world.url}/profile/security`)
  const sessions = page.getByRole('grid', { name: 'Sessions' })
  await expect(sessions.getByText('This session')).toHaveCount(1)
  await page.getByRole('button', { name: 'End all others' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End all others' }).click()
  await expect(sessions.getByRole('row')).toHaveCount(2)
  await elsewhere.goto(`${world.url}/profile`)
  await elsewhere.waitForURL('**/sign-in**')
  await expect(elsewhere.getByText('Your session was ended')).toBeVisible()
  await elsewhere.context().close()
})

test('an API token acts in their name, within their rights, and only to read', async ({ page, world, playwright }) => {
  await signInAsUser(page, world)
  await page.goto(`${world.url}/profile/tokens`)
  await page.getByRole('button', { name: 'Create a token' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create a token' })
  await dialog.getByLabel('Name', { exact: false }).first().fill('reader')
  await dialog.getByRole('button', { name: 'Create a token' }).click()
  const token = await page.getByLabel('Token', { exact: true }).inputValue()
  expect(token).toMatch(/^chiave_/)
  await page.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByText(token)).toHaveCount(0)

  const program = await playwright.request.newContext({ extraHTTPHeaders: { authorization: `Bearer ${token}` } })
  const api = `${world.url}/k8s/${world.cluster}/api/v1`
  expect((await program.get(`${api}/namespaces/default/configmaps`)).status()).toBe(200)
  expect((await program.get(`${api}/namespaces/kube-system/configmaps`)).status()).toBe(403)
  const data = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'written' } }
  expect((await program.post(`${api}/namespaces/default/configmaps`, { data })).status()).toBe(403)

  await page.getByRole('button', { name: 'Actions for reader' }).click()
  await page.getByRole('menuitem', { name: 'Revoke' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await expect(page.getByText('No API tokens')).toBeVisible()
  expect((await program.get(`${api}/namespaces/default/configmaps`)).status()).toBe(401)
  await program.dispose()
})

test('the language that they choose stays, here and in another browser', async ({ page, world, browser }) => {
  await signInAsUser(page, world)
  await page.goto(`${world.url}/profile`)
  const kept = page.waitForResponse((answer) => answer.request().method() === 'PUT' && answer.ok())
  await page.getByRole('combobox', { name: 'Language' }).selectOption('it')
  await expect(page.getByRole('heading', { level: 1, name: 'Profilo' })).toBeVisible()
  await kept
  await page.reload()
  await expect(page.getByRole('heading', { level: 1, name: 'Profilo' })).toBeVisible()
  const other = await newPage(browser)
  await signInAsUser(other, world)
  await other.goto(`${world.url}/profile`)
  await expect(other.getByRole('heading', { level: 1, name: 'Profilo' })).toBeVisible()
  await other.context().close()
})

test('what they were typing survives the end of their session', async ({ page, world }) => {
  await signInAsUser(page, world)
  await page.goto(`${world.url}/profile/ssh-keys`)
  await page.getByRole('button', { name: 'Aggiungi una chiave SSH' }).click()
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEbKxF+C7dRr3gp1cLeD2dTQ0Jx2yXgmC0kkAuUG6J5m grace@desk'
  await page.getByLabel('Chiave pubblica').fill(key)
  await page.context().clearCookies({ name: /session/ })
  await page.getByRole('dialog').getByRole('button', { name: 'Aggiungi una chiave SSH' }).click()
  const again = page.getByRole('dialog', { name: 'Accedi di nuovo' })
  await again.getByLabel('Password', { exact: true }).fill(own)
  await again.getByRole('button', { name: 'Accedi', exact: true }).click()
  await again.getByRole('button', { name: 'Usa un codice di recupero' }).click()
  await again.getByLabel('Codice di recupero').fill(recoveryCodes.pop() ?? '')
  await again.getByRole('button', { name: 'Accedi', exact: true }).click()
  await expect(again).toBeHidden()
  await expect(page.getByRole('row', { name: /grace@desk.*ssh-ed25519/ })).toBeVisible()
})
