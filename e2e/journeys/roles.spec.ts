import fs from 'node:fs'
import path from 'node:path'
import { expect, settled, signIn, test, type World } from '../support/fixtures'
import { readInstances } from '../support/global-setup'
import { type Instance, removeHome, root, startInstance, temporaryHome } from '../support/instance'
import { callApi, kubectlFor, readKubeconfig } from '../support/kubectl'
import { tokenRequest, writeKubeconfig } from '../support/limited-person'
import { machineAtRest, machineTabs } from '../support/places'

/**
 * Every page for every role: it opens, is no error page, and has no button that would end in a refusal, since no call
 * that the page makes to change something is answered with 403.
 */
const namespace = 'roles'
const roles = { nobody: undefined, view: 'view', edit: 'edit', admin: 'admin' } as const

/** The pages of a cluster as the routes say them, those without parameters of their own. */
const routes = fs
  .readdirSync(path.join(root, 'app/c/[cluster]'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('page.tsx') && file !== 'page.tsx')
  .map((file) => path.dirname(file))
  .filter((route) => !route.includes('['))
  .sort()

for (const [role, clusterRole] of Object.entries(roles)) {
  test.describe(role, () => {
    let console: Instance
    let world: World

    test.beforeAll(async () => {
      const { embedded } = readInstances()
      const kubeconfig = path.join(embedded.home, 'kubeconfig')
      const kubectl = kubectlFor(kubeconfig)
      kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      const machine = machineAtRest('at-rest')
      kubectl.apply({ ...machine, metadata: { ...machine.metadata, namespace } })
      kubectl.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: role, namespace } })
      if (clusterRole) {
        kubectl.apply({
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { name: role, namespace },
          subjects: [{ kind: 'ServiceAccount', name: role, namespace }],
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole },
        })
      }
      const at = `/api/v1/namespaces/${namespace}/serviceaccounts/${role}/token`
      const answer = await callApi(kubeconfig, 'POST', at, { ...tokenRequest, spec: { expirationSeconds: 3_600 } })
      const { token } = JSON.parse(answer.body).status
      const home = temporaryHome()
      const file = writeKubeconfig(path.join(home, 'role-kubeconfig'), { ...readKubeconfig(kubeconfig), token })
      console = await startInstance({ home, args: ['--cluster', 'kubeconfig', '--kubeconfig', file] })
      world = {
        url: console.url,
        home,
        hypervisorHome: embedded.home,
        kubeconfig,
        cluster: 'cluster',
        namespace: 'default',
      }
    })

    test.afterAll(async () => {
      await console.stop()
      removeHome(console.home)
      kubectlFor(world.kubeconfig)('delete', 'namespace', namespace, '--ignore-not-found')
    })

    test('every page opens, and no button on it would be refused', async ({ page }) => {
      test.setTimeout(600_000)
      const refused: string[] = []
      page.on('response', (answer) => {
        if (answer.status() === 403) refused.push(`${answer.request().method()} ${answer.url()}`)
      })
      await signIn(page, world)
      const machine = machineTabs.map((tab) => `virtual-machines/${namespace}/at-rest${tab}`)
      for (const place of [...routes, ...machine]) {
        await test.step(place, async () => {
          await page.goto(`${world.url}/c/${world.cluster}/${place}`)
          await settled(page)
          await expect(page.getByText(/This page stumbled|You are not allowed/)).toHaveCount(0)
        })
      }
      await test.step('the menu of a machine offers what the role may do', async () => {
        await page.goto(`${world.url}/c/${world.cluster}/virtual-machines/${namespace}/at-rest`)
        await settled(page)
        const menu = page.getByRole('button', { name: 'Actions for at-rest' })
        if (clusterRole === undefined) return expect(menu).toHaveCount(0)
        await menu.click()
        const remove = page.getByRole('menuitem', { name: /^Delete/ })
        if (clusterRole === 'view') await expect(remove).toHaveAttribute('aria-disabled', 'true')
        else await expect(remove).not.toHaveAttribute('aria-disabled', 'true')
      })
      expect(refused.filter((call) => !call.startsWith('GET '))).toEqual([])
    })
  })
}
