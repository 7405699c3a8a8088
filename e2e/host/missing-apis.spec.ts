import fs from 'node:fs'
import path from 'node:path'
import { builtInKinds } from '@/contract/kinds/registry'
import { adminToken, startTestServer, type TestServer } from '@/server/embedded/testing/start-test-server'
import { expect, settled, signIn, test, type World } from '../support/fixtures'
import { type Instance, removeHome, startInstance, temporaryHome } from '../support/instance'
import { writeKubeconfig } from '../support/limited-person'

/** A Kubernetes API without KubeVirt, CDI, Multus, NMState, snapshots and metrics. */
let api: TestServer
let console: Instance
let world: World

test.beforeAll(async () => {
  api = await startTestServer({ kinds: { builtIn: builtInKinds, custom: [] } })
  const home = temporaryHome()
  const kubeconfig = writeKubeconfig(path.join(api.directory, 'kubeconfig'), { server: api.url, token: adminToken })
  // The console may run as another user.
  fs.chmodSync(api.directory, 0o755)
  console = await startInstance({ home, args: ['--cluster', 'kubeconfig', '--kubeconfig', kubeconfig] })
  world = { url: console.url, home, hypervisorHome: home, kubeconfig, cluster: 'cluster', namespace: 'default' }
})

test.afterAll(async () => {
  await console?.stop()
  removeHome(console.home)
  await api?.close()
})

const says: Readonly<Record<string, RegExp>> = {
  overview: /KubeVirt is not installed/,
  'virtual-machines': /KubeVirt is not installed/,
  'virtual-machines/create': /KubeVirt is not installed/,
  catalog: /Debian/,
  storage: /No disks|Storage classes|Kinds of storage/i,
  networks: /Not installed/,
  hosts: /No hosts|Hosts/,
  platform: /KubeVirt is not installed/,
  activity: /Activity/,
  access: /What may I do/,
}

test('every page opens on a cluster without KubeVirt and its companions, and says what is missing', async ({
  page,
}) => {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`)
  })
  await signIn(page, world)
  for (const [place, words] of Object.entries(says)) {
    await test.step(place, async () => {
      await page.goto(`${world.url}/c/${world.cluster}/${place}`)
      await settled(page)
      await expect(page.locator('#main').getByText(words).first()).toBeVisible()
      await expect(page.getByText(/This page stumbled|Something went wrong/)).toHaveCount(0)
    })
  }
  await page.goto(`${world.url}/c/${world.cluster}/platform`)
  for (const part of ['KubeVirt', 'Containerized Data Importer', 'Multus', 'Kubernetes NMState', 'metrics-server']) {
    await expect(page.getByRole('link', { name: `How to install ${part}` })).toHaveAttribute('href', /^https:/)
  }
  expect(complaints).toEqual([])
})
