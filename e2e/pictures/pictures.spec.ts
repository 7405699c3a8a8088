import path from 'node:path'
import type { Page } from '@playwright/test'
import { expect, serialPrompt, settled, test, type World } from '../support/fixtures'
import { type ImageServer, serveDemoImage } from '../support/image-server'
import { root } from '../support/instance'
import { eventually, kubectlFor } from '../support/kubectl'
import { machineFrom } from '../support/manifests'
import { machineAtRest, places, themes, widths } from '../support/places'

/** Remakes the pictures of the documentation with real guests: `npm run screenshots`. */

const directory = path.join(root, 'docs/screenshots')
const running = ['build-runner', 'web-frontend']
let images: ImageServer

async function show(page: Page, world: World, place: string): Promise<void> {
  await page.goto(`${world.url}/c/${world.cluster}/${place}`)
  await settled(page, 30_000)
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(directory, `${name}.png`), animations: 'disabled' })
}

test.beforeAll(async () => {
  images = await serveDemoImage()
})

test.afterAll(() => images.close())

test('pictures of every place with machines in it', async ({ signedIn: page, world }) => {
  test.setTimeout(900_000)
  const kubectl = kubectlFor(world.kubeconfig)
  for (const name of running) {
    kubectl.apply(machineFrom({ name, source: { http: { url: images.url } }, memory: '256Mi' }))
  }
  kubectl.apply(machineAtRest('archive'))
  for (const name of running) {
    await eventually(
      `${name} runs`,
      () => kubectl('get', 'vm', name, '-o', 'jsonpath={.status.printableStatus}'),
      (status) => status === 'Running',
      180,
    )
  }
  const shown = [...places, `virtual-machines/default/${running[0]}`, `virtual-machines/default/${running[0]}/yaml`]
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of ['wide', 'phone'] as const) {
      await page.setViewportSize({ width: widths[width], height: 900 })
      for (const place of shown) {
        await show(page, world, place)
        await take(page, `${place.replace(/[^\w-]+/g, '-')}-${width}-${colorScheme}`)
      }
    }
  }

  await page.setViewportSize({ width: widths.wide, height: 900 })
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await show(page, world, `virtual-machines/default/${running[0]}/console`)
    await page.getByRole('button', { name: /Serial/ }).click()
    await expect(page.getByTestId('console')).toHaveAttribute('data-phase', 'open')
    await serialPrompt(page)
    await take(page, `console-serial-wide-${colorScheme}`)
    await page
      .getByRole('button', { name: /Screen|VNC/ })
      .first()
      .click()
    await expect(page.getByTestId('vnc-screen').locator('canvas').first()).toBeVisible()
    await page.getByTestId('vnc-screen').click()
    await page.keyboard.press('Enter')
    // The emulated guest paints its answer in its own time, and nothing on the page tells when.
    await page.waitForTimeout(2_000)
    await take(page, `console-screen-wide-${colorScheme}`)
  }
  kubectl('delete', 'vm', '--all')
})

test('pictures of the sign-in page', async ({ page, world }) => {
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme })
    await page.goto(`${world.url}/sign-in`)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await take(page, `sign-in-wide-${colorScheme}`)
  }
})
