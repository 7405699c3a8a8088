// @vitest-environment jsdom

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defaultImages } from '@/contract/catalog/default-images'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import { choiceOf } from '../../catalog/use-catalog'
import { LanguageProvider } from '../../i18n/language-provider'
import { ClusterProvider } from '../../kube/cluster'
import { SessionProvider } from '../../kube/session'
import { CreateFormView } from './create-form'
import { initialFormFor } from './initial-form'
import type { Surroundings } from './use-surroundings'

/** An API server that takes everything, or refuses what a test says. */
let server: Server
let calls: { call: string; body: string }[]
let refuse: (call: string) => object | undefined
const realFetch = globalThis.fetch

beforeEach(async () => {
  calls = []
  refuse = () => undefined
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += String(chunk)
    })
    request.on('end', () => {
      // A console without profiles: keys are what this browser remembers.
      if (request.url === '/auth/profile') return response.writeHead(404).end()
      const call = `${request.method} ${request.url?.replace(/^.*\/namespaces\/n\//, '')}`
      calls.push({ call, body })
      const refusal = refuse(call)
      response.writeHead(refusal ? 422 : 201, { 'content-type': 'application/json' })
      response.end(refusal ? JSON.stringify(refusal) : body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo
  // A browser would resolve the page's own addresses by itself.
  globalThis.fetch = (input, init) => realFetch(new URL(String(input), `http://127.0.0.1:${port}`), init)
})

afterEach(async () => {
  cleanup()
  globalThis.fetch = realFetch
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const surroundings: Surroundings = {
  namespaces: ['n'],
  settled: true,
  machineNames: () => new Set(['taken']),
  nameProblem: (_namespace, name) => (name === 'taken' ? 'There is one already.' : undefined),
  problemOf: ({ name }) => (name === 'taken' ? 'There is one already.' : undefined),
  chosen: undefined,
  permissionFor: () => ({}),
  warnings: [],
}

function show(onCreated: (machine: VirtualMachine) => void = () => undefined) {
  const image = defaultImages.find(({ id }) => id === 'debian-12')
  if (!image) throw new Error('the catalog has no Debian')
  const choice = choiceOf(image, { architecture: 'amd64', language: 'en', t: (key) => key })
  const initial = { ...initialFormFor(choice, { namespace: 'n' }), name: 'web' }
  const session = {
    user: 'ada',
    groups: [],
    csrfToken: 't',
    clusters: [],
    version: '1',
    source: 'link' as const,
    administrator: true,
    mustChangePassword: false,
    expiresAt: '',
  }
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <QueryClientProvider client={queryClient}>
      <LanguageProvider language="en">
        <ClusterProvider cluster="local">
          <SessionProvider session={session}>
            <CreateFormView
              initial={initial}
              chosen="Debian 12"
              minimumMemory={choice.minimumMemory}
              minimumDisk={choice.minimumDisk}
              surroundings={surroundings}
              onCreated={onCreated}
              onCancel={() => undefined}
            />
          </SessionProvider>
        </ClusterProvider>
      </LanguageProvider>
    </QueryClientProvider>,
  )
  return { initial, user: userEvent.setup() }
}

describe('the create form', () => {
  test('creates a machine with one click and no typing', async () => {
    const created: string[] = []
    const { user, initial } = show((machine) => created.push(machine.metadata.name))
    await user.click(screen.getByRole('button', { name: 'Create' }))
    await waitFor(() => expect(created).toEqual(['web']))
    expect(calls.map(({ call }) => call)).toEqual([
      'POST secrets?dryRun=All',
      'POST virtualmachines?dryRun=All',
      'POST secrets',
      'POST virtualmachines',
      'PATCH secrets/web-cloudinit',
    ])
    const machine = calls.find(({ call }) => call === 'POST virtualmachines')?.body
    expect(machine).not.toContain(initial.password)
  })

  test('puts the server’s words on the field they are about and keeps everything that was typed', async () => {
    refuse = (call) =>
      call === 'POST virtualmachines?dryRun=All'
        ? {
            kind: 'Status',
            status: 'Failure',
            reason: 'Invalid',
            code: 422,
            message: 'refused',
            details: {
              causes: [{ field: 'metadata.name', message: 'this name is reserved' }],
            },
          }
        : undefined
    const { user, initial } = show()
    const name = screen.getByRole('textbox', { name: /^Name/ })
    await user.clear(name)
    await user.type(name, 'my-machine')
    await user.click(screen.getByRole('button', { name: 'Create' }))
    const help = await waitFor(() => {
      const element = document.getElementById('name-help')
      expect(element?.textContent).toContain('this name is reserved')
      return element
    })
    expect(name.getAttribute('aria-describedby')).toBe(help?.id)
    expect((name as HTMLInputElement).value).toBe('my-machine')
    expect((document.getElementById('password') as HTMLInputElement).value).toBe(initial.password)
    expect(calls.some(({ call }) => !call.includes('dryRun'))).toBe(false)
    // Another name is another question: the server's words were about the old one.
    await user.type(name, '-2')
    await waitFor(() => expect(document.getElementById('name-help')?.textContent).toBe(''))
  })

  test('says what is wrong before it asks the server', async () => {
    const { user } = show()
    const name = screen.getByRole('textbox', { name: /^Name/ })
    await user.clear(name)
    await user.type(name, 'My Machine')
    await user.click(screen.getByRole('button', { name: 'Create' }))
    await waitFor(() => expect(document.getElementById('name-help')?.textContent).toMatch(/a–z, 0–9/))
    expect(calls).toEqual([])
  })

  test('cannot be sent with a name that is taken', async () => {
    const { user } = show()
    const name = screen.getByRole('textbox', { name: /^Name/ })
    await user.clear(name)
    await user.type(name, 'taken')
    expect(screen.getByRole('button', { name: 'Create' })).toHaveProperty('disabled', true)
    expect(document.getElementById('name-help')?.textContent).toContain('There is one already.')
  })

  test('needs a way in: neither password nor key is refused', async () => {
    const { user } = show()
    await user.click(screen.getByRole('checkbox', { name: 'Log in with a password' }))
    await user.click(screen.getByRole('button', { name: 'Create' }))
    expect(await screen.findByText(/otherwise nobody gets in/)).toBeTruthy()
    expect(calls).toEqual([])
  })

  test('takes a pasted key, and warns of a private one', async () => {
    const { user } = show()
    await user.click(screen.getByRole('button', { name: 'Add a public key' }))
    const box = screen.getByRole('textbox', { name: 'Add a public key' })
    await user.click(box)
    await user.paste('-----BEGIN OPENSSH PRIVATE KEY-----')
    expect(await screen.findByText(/This is a private key/)).toBeTruthy()
    await user.clear(box)
    await user.paste('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEbKxF+C7dRr3gp1cLeD2dTQ0Jx2yXgmC0kkAuUG6J5m ada@desk')
    await user.click(screen.getByRole('button', { name: 'Add the key' }))
    expect(screen.getByRole('checkbox', { name: 'ada@desk (ssh-ed25519)' })).toHaveProperty('checked', true)
  })

  test('shows what it will send, without the password', async () => {
    const { user, initial } = show()
    Element.prototype.scrollIntoView ??= () => undefined
    await user.click(screen.getByRole('button', { name: 'Show YAML' }))
    const preview = screen.getByTestId('manifest-preview')
    expect(preview.textContent).toContain('kind: VirtualMachine')
    expect(preview.textContent).toContain('kind: Secret')
    expect(preview.textContent).not.toContain(initial.password)
  })
})
