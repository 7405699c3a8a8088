import fs from 'node:fs'
import path from 'node:path'
import { expect, signIn, test } from '../support/fixtures'

test('without a session every page leads to the sign-in page, which tells where the link is @everywhere', async ({
  page,
  world,
}) => {
  await page.goto(`${world.url}/c/${world.cluster}/virtual-machines`)
  await page.waitForURL('**/sign-in**')
  await expect(page.getByText('The same link is in the file login-url')).toBeVisible()
})

test('a sign-in link works once, and a fresh one is there at once @everywhere', async ({ page, world, browser }) => {
  const file = path.join(world.home, 'login-url')
  const link = fs.readFileSync(file, 'utf8').trim()
  await signIn(page, world)
  expect(fs.readFileSync(file, 'utf8').trim()).not.toBe(link)
  const stranger = await browser.newPage()
  await stranger.goto(link)
  await stranger.waitForURL('**/sign-in?error=link**')
  await stranger.close()
})

test('signing out ends the session on the server @everywhere', async ({ page, world }) => {
  await signIn(page, world)
  const cookies = await page.context().cookies()
  await page
    .getByRole('button', { name: /admin|kubernetes|Signed in/i })
    .last()
    .click()
  await page.getByRole('menuitem', { name: /Sign out/ }).click()
  await page.waitForURL('**/sign-in**')
  await page.context().addCookies(cookies)
  const answer = await page.request.get(`${world.url}/auth/session`)
  expect(answer.status()).toBe(401)
})

test('nothing but health, sign-in and static files is reachable without a session @everywhere', async ({
  playwright,
  world,
}) => {
  const context = await playwright.request.newContext({ maxRedirects: 0 })
  for (const open of ['/healthz', '/readyz', '/sign-in'])
    expect((await context.get(world.url + open)).status()).toBe(200)
  for (const closed of [`/k8s/${world.cluster}/api/v1/namespaces`, '/auth/session']) {
    expect((await context.get(world.url + closed)).status()).toBe(401)
  }
  expect((await context.get(`${world.url}/c/${world.cluster}/overview`)).status()).toBeGreaterThanOrEqual(302)
  await context.dispose()
})
