import { type Page } from '@playwright/test'
import { expect, serialPrompt, test, type World } from '../support/fixtures'
import { type ImageServer, serveDemoImage } from '../support/image-server'
import { guestPids, leftovers } from '../support/instance'
import { eventually, kubectlFor } from '../support/kubectl'

let images: ImageServer

test.beforeAll(async () => {
  images = await serveDemoImage({ bytesPerSecond: 1_500_000 })
})

test.afterAll(() => images.close())

const screen = (page: Page) => page.getByTestId('serial-terminal').locator('.xterm-rows')

async function openCreate(page: Page, world: World): Promise<void> {
  await page.goto(`${world.url}/c/${world.cluster}/virtual-machines`)
  await page
    .getByRole('link', { name: 'Create machine' })
    .or(page.getByRole('button', { name: 'Create machine' }))
    .first()
    .click()
}

/** Types a line into the terminal that has the focus. */
async function typeLine(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text, { delay: 10 })
  await page.keyboard.press('Enter')
}

async function logIn(page: Page, user: string, password: string): Promise<void> {
  await serialPrompt(page)
  await typeLine(page, user)
  await expect(screen(page)).toContainText('Password:')
  await typeLine(page, password)
  await expect(screen(page)).toContainText('Welcome to Chiave demo Linux')
}

/** Colours on the guest's screen, and a fingerprint of the picture. */
async function picture(page: Page): Promise<{ colours: number; print: string }> {
  return page
    .getByTestId('vnc-screen')
    .locator('canvas')
    .first()
    .evaluate((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) throw new Error('no canvas')
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
      const colours = new Set<number>()
      let hash = 0
      for (let index = 0; index + 2 < data.length; index += 4) {
        const colour = ((data[index] ?? 0) << 16) | ((data[index + 1] ?? 0) << 8) | (data[index + 2] ?? 0)
        colours.add(colour)
        hash = (hash * 31 + colour) | 0
      }
      return { colours: colours.size, print: `${canvas.width}×${canvas.height} ${hash}` }
    })
}

async function removed(world: World): Promise<void> {
  await eventually(
    'no process is left',
    () => guestPids(world.hypervisorHome),
    (pids) => pids.length === 0,
    60,
  )
  await eventually(
    'no disk or socket is left',
    () => leftovers(world.hypervisorHome),
    (left) => left.length === 0,
    30,
  )
}

test('from nothing to a prompt: import over HTTP, boot, log in, see the screen, power, delete @everywhere', async ({
  signedIn: page,
  world,
}) => {
  test.setTimeout(420_000)
  await openCreate(page, world)
  await page
    .getByTestId('image-url')
    .getByRole('button')
    .or(page.getByRole('button', { name: 'Use From an address' }))
    .first()
    .click()
  await page.getByRole('textbox', { name: /^Address of the image/ }).fill(images.url)
  const name = await page.getByRole('textbox', { name: /^Name/ }).inputValue()
  expect(name).toMatch(/^[a-z0-9-]+$/)
  const password = await page.getByRole('textbox', { name: /^Password/ }).inputValue()
  expect(password.length).toBeGreaterThan(7)
  const user = await page.getByRole('textbox', { name: /^User/ }).inputValue()
  await page.getByRole('button', { name: 'Create', exact: true }).click()

  await test.step('progress of import and boot is on screen', async () => {
    await page.waitForURL(`**/virtual-machines/${world.namespace}/${name}/console*`)
    const progress = page.getByTestId('boot-progress')
    await expect(progress).toBeVisible()
    await expect(progress.getByRole('progressbar').first()).toHaveAttribute('aria-valuenow', /^[1-9]/, {
      timeout: 60_000,
    })
  })

  await test.step('the generated password is in a Secret and nowhere else', async () => {
    const kubectl = kubectlFor(world.kubeconfig)
    expect(kubectl('get', 'vm', name, '-n', world.namespace, '-o', 'yaml')).not.toContain(password)
    expect(kubectl('get', 'secret', `${name}-cloudinit`, '-n', world.namespace, '-o', 'name').trim()).toBe(
      `secret/${name}-cloudinit`,
    )
  })

  await test.step('its serial console takes a log-in and answers', async () => {
    await expect(page.getByTestId('console')).toBeVisible({ timeout: 120_000 })
    await page.getByRole('button', { name: /Serial/ }).click()
    await expect(page.getByTestId('console')).toHaveAttribute('data-phase', 'open')
    await logIn(page, user, password)
    await typeLine(page, 'echo the answer is $((6*7)) on $(hostname)')
    await expect(screen(page)).toContainText(`the answer is 42 on ${name}`)
  })

  await test.step('its screen shows a picture that changes on a key press', async () => {
    await page
      .getByRole('button', { name: /Screen|VNC/ })
      .first()
      .click()
    await expect(page.getByTestId('console')).toHaveAttribute('data-phase', 'open')
    await expect.poll(() => picture(page).then(({ colours }) => colours), { timeout: 30_000 }).toBeGreaterThan(1)
    // The login prompt must have come before a key can change it; a cursor blinks, so a whole line must.
    const before = await picture(page)
    await page.getByTestId('vnc-screen').click()
    await page.keyboard.type('someone', { delay: 30 })
    await expect.poll(() => picture(page).then(({ print }) => print), { timeout: 20_000 }).not.toBe(before.print)
  })

  const act = async (action: string) => {
    await page.getByRole('button', { name: `Actions for ${name}` }).click()
    await page.getByRole('menuitem', { name: action, exact: true }).click()
  }

  await test.step('restart gives a new guest', async () => {
    const [before] = guestPids(world.hypervisorHome)
    await act('Restart')
    await eventually(
      'another process',
      () => guestPids(world.hypervisorHome),
      ([pid]) => pid !== undefined && pid !== before,
      90,
    )
    await expect(page.getByText('Running', { exact: true }).first()).toBeVisible({ timeout: 60_000 })
  })

  await test.step('pause stops its time, resume lets it go on', async () => {
    await act('Pause')
    await expect(page.getByText('The guest is paused')).toBeVisible({ timeout: 20_000 })
    await act('Resume')
    await expect(page.getByText('The guest is paused')).toBeHidden({ timeout: 20_000 })
  })

  await test.step('delete leaves no process, socket or disk behind', async () => {
    await act('Delete')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
    await removed(world)
    expect(
      kubectlFor(world.kubeconfig)('get', 'vm,vmi,dv,pvc,secret', '-n', world.namespace, '-o', 'name').trim(),
    ).toBe('')
  })
})

test('three clicks and no typing make a machine of the demo image @everywhere', async ({ signedIn: page, world }) => {
  test.setTimeout(240_000)
  await openCreate(page, world)
  if (world.namespace !== 'default') {
    // The demo image is an entry of the cluster's own catalog, which is in a namespace of the platform.
    await expect(page.getByText('they are not visible to you')).toBeVisible()
    return
  }
  await page
    .getByRole('button', { name: 'Use Chiave demo Linux' })
    .or(page.getByTestId('image-chiave-demo').getByRole('button'))
    .first()
    .click()
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.waitForURL(`**/virtual-machines/${world.namespace}/*/console*`)
  const name = /virtual-machines\/[^/]+\/([^/?]+)/.exec(page.url())?.[1] ?? ''
  await expect(page.getByTestId('console')).toBeVisible({ timeout: 120_000 })

  await test.step('two clicks in the list delete it with its disks', async () => {
    await page.goto(`${world.url}/c/${world.cluster}/virtual-machines`)
    await expect(page.getByRole('link', { name })).toBeVisible()
    await page.getByRole('button', { name: `Actions for ${name}` }).click()
    await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await removed(world)
    await expect(page.getByText('No virtual machines yet')).toBeVisible({ timeout: 20_000 })
  })
})

test('an image that cannot be had says why on the page, and the machine can be deleted @everywhere', async ({
  signedIn: page,
  world,
}) => {
  await page.goto(`${world.url}/c/${world.cluster}/virtual-machines/create?image=url`)
  await page.getByRole('textbox', { name: /^Address of the image/ }).fill(images.url.replace(/:\d+\//, ':1/'))
  const name = await page.getByRole('textbox', { name: /^Name/ }).inputValue()
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.waitForURL(`**/virtual-machines/${world.namespace}/${name}/console*`)
  await expect(page.getByText(/127\.0\.0\.1:1/).first()).toBeVisible({ timeout: 60_000 })
  kubectlFor(world.kubeconfig)('delete', 'vm', name, '-n', world.namespace)
  await expect(page.getByText(`${name} was deleted`)).toBeVisible({ timeout: 30_000 })
  await removed(world)
})
