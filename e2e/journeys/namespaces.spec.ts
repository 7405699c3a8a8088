import type { Page } from '@playwright/test'
import { expect, settled, test, type World } from '../support/fixtures'
import { callApi, kubectlFor } from '../support/kubectl'
import { machineAtRest } from '../support/places'

/** Somebody who has one namespace and sees nothing of the cluster around it. */

const open = async (page: Page, world: World, place: string) => {
  await page.goto(`${world.url}/c/${world.cluster}/${place}`)
  await settled(page)
}

test('no page is an error page for somebody who may list nothing cluster-wide @limited', async ({
  signedIn: page,
  world,
}) => {
  for (const place of ['overview', 'virtual-machines', 'catalog', 'storage', 'networks', 'activity', 'access']) {
    await test.step(place, async () => {
      await open(page, world, place)
      await expect(page.getByRole('alert').filter({ hasText: /not allowed|Something went wrong/ })).toHaveCount(0)
    })
  }
  for (const place of ['hosts', 'overview', 'storage']) {
    await test.step(`${place} says what is not visible`, async () => {
      await open(page, world, place)
      await expect(page.getByText('Not visible to you').first()).toBeVisible()
    })
  }
})

test('lists have what is in the person’s namespaces, live, and what is missing can be asked for @limited', async ({
  signedIn: page,
  world,
}) => {
  const kubectl = kubectlFor(world.kubeconfig)
  const name = 'seen-by-ada'
  await open(page, world, 'virtual-machines')
  await expect(page.getByRole('link', { name: 'Create machine' }).first()).toBeVisible()
  const machine = machineAtRest(name)
  kubectl.apply({ ...machine, metadata: { ...machine.metadata, namespace: world.namespace } })
  try {
    await expect(page.getByRole('link', { name })).toBeVisible()
    await test.step('the selector knows the namespace and narrows to it', async () => {
      await page.getByRole('button', { name: 'Namespace: My namespaces' }).click()
      await page.getByRole('menuitem', { name: world.namespace, exact: true }).click()
      await expect(page.getByRole('button', { name: `Namespace: ${world.namespace}` })).toBeVisible()
      await expect(page.getByRole('link', { name })).toBeVisible()
    })
    await test.step('a namespace that is none is refused with the reason', async () => {
      await page.getByRole('button', { name: `Namespace: ${world.namespace}` }).click()
      await page.getByRole('textbox', { name: 'Name of a namespace' }).fill('kube-system')
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      await expect(page.getByText('There is nothing for you in kube-system')).toBeVisible()
      await page.keyboard.press('Escape')
    })
    await test.step('the page of permissions tells what is missing and has a manifest that grants it', async () => {
      await open(page, world, `access?namespace=${world.namespace}`)
      const row = (text: string) => page.getByRole('row').filter({ hasText: text })
      await expect(row('Start, stop, restart, pause')).toContainText('Yes')
      const migrate = row('Move running machines to another host')
      await expect(migrate).toContainText('No')
      const manifest = await page.getByTestId('access-manifest').textContent()
      expect(manifest).toContain('virtualmachineinstancemigrations')
      kubectl.apply(manifest ?? '')
      await page.reload()
      await expect(migrate).toContainText('Yes')
    })
  } finally {
    kubectl('delete', 'vm', name, '-n', world.namespace, '--ignore-not-found')
    kubectl('delete', 'role,rolebinding', '-n', world.namespace, 'chiave-people-ada', '--ignore-not-found')
  }
})

test('a permission that is taken away disables what needs it, with the reason and the way to ask @limited', async ({
  signedIn: page,
  world,
}) => {
  const kubectl = kubectlFor(world.kubeconfig)
  const bindings = kubectl.json<{ items: object[] }>('get', 'rolebindings', '-n', world.namespace)
  const name = 'only-looked-at'
  const machine = machineAtRest(name)
  kubectl.apply({ ...machine, metadata: { ...machine.metadata, namespace: world.namespace } })
  try {
    for (const binding of ['ada-edit', 'ada-kubevirt-io-edit'])
      kubectl('delete', 'rolebinding', binding, '-n', world.namespace)
    kubectl(
      'create',
      'rolebinding',
      'ada-view',
      '-n',
      world.namespace,
      '--clusterrole=view',
      '--serviceaccount=people:ada',
    )
    await open(page, world, `virtual-machines/${world.namespace}/${name}`)
    await page.getByRole('button', { name: `Actions for ${name}` }).click()
    const start = page.getByRole('menuitem', { name: /^Start/ })
    await expect(start).toHaveAttribute('aria-disabled', 'true')
    await expect(start).toContainText('update virtualmachines.subresources.kubevirt.io/start')
    await page.keyboard.press('Escape')
    await open(page, world, 'virtual-machines')
    await expect(page.getByRole('button', { name: 'Create machine' })).toHaveAttribute('aria-disabled', 'true')
    await page.getByRole('link', { name: 'Ask for it' }).first().click()
    await expect(page.getByTestId('access-request')).toContainText('create virtualmachines.kubevirt.io')
  } finally {
    kubectl('delete', 'rolebinding', 'ada-view', '-n', world.namespace, '--ignore-not-found')
    for (const item of bindings.items) restore(kubectl, item)
    kubectl('delete', 'vm', name, '-n', world.namespace, '--ignore-not-found')
  }
})

/** As it was, under a new version. */
function restore(kubectl: ReturnType<typeof kubectlFor>, item: object): void {
  // Bindings as the API listed them.
  const { metadata, ...rest } = item as { metadata: { name: string; namespace: string } }
  kubectl.apply({ ...rest, metadata: { name: metadata.name, namespace: metadata.namespace } })
}

test('the API refuses the limited person what the pages do not show @limited', async ({ signedIn: page, world }) => {
  for (const path of ['/api/v1/nodes', '/api/v1/namespaces', '/api/v1/namespaces/kube-system/secrets']) {
    expect((await page.request.get(`${world.url}/k8s/${world.cluster}${path}`)).status()).toBe(403)
    expect((await callApi(world.kubeconfig, 'GET', path)).status).toBe(200)
  }
})
