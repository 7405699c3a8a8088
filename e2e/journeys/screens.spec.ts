import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, settled, test } from '../support/fixtures'
import { kubectlFor } from '../support/kubectl'
import { machineAtRest, machineTabs, places, themes, widths } from '../support/places'

const machine = 'at-rest'

test.beforeEach(({ world }) => {
  kubectlFor(world.kubeconfig).apply(machineAtRest(machine))
})

test.afterEach(({ world }) => {
  kubectlFor(world.kubeconfig)('delete', 'vm', machine)
})

/** Complaints of serious weight about what the page shows now, and whether it is wider than the window. */
async function faults(page: Page): Promise<string[]> {
  await settled(page)
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return [
    ...(overflow > 0 ? [`wider than the window by ${overflow} px`] : []),
    ...serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
  ]
}

for (const place of [...places, ...machineTabs.map((tab) => `virtual-machines/default/${machine}${tab}`)]) {
  test(`${place} has no serious accessibility fault and fits 1440, 768 and 390 pixels, light and dark`, async ({
    signedIn: page,
    world,
  }) => {
    const found: string[] = []
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.goto(`${world.url}/c/${world.cluster}/${place}`)
      for (const width of Object.values(widths)) {
        await page.setViewportSize({ width, height: 900 })
        found.push(...(await faults(page)).map((fault) => `${colorScheme}, ${width} px: ${fault}`))
      }
    }
    expect(found).toEqual([])
  })
}
