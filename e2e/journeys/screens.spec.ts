import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '../support/fixtures'

const pages = [
  'overview',
  'virtual-machines',
  'virtual-machines/create',
  'virtual-machines/create?image=chiave-demo',
  'catalog',
  'storage',
  'networks',
  'hosts',
  'platform',
  'activity',
]

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page is free of serious accessibility faults and fits 1440, 768 and 390 pixels, ${colorScheme}`, async ({
    signedIn: page,
    world,
  }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const path of pages) {
      for (const width of [1440, 768, 390]) {
        await page.setViewportSize({ width, height: 900 })
        await page.goto(`${world.url}/c/${world.cluster}/${path}`)
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
        await expect(page.locator('.pf-v6-c-skeleton')).toHaveCount(0)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect(overflow, `${path} is wider than ${width} px`).toBeLessThanOrEqual(0)
        const { violations } = await new AxeBuilder({ page }).analyze()
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
        expect(serious.map(({ id, nodes }) => `${path} at ${width}: ${id} ${nodes[0]?.html}`)).toEqual([])
      }
    }
  })
}
