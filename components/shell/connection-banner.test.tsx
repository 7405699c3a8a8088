// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { ConnectionHealth, ConnectionList } from '@/contract/connections'
import { nodeKind } from '@/contract/kinds/core'
import type { SessionInfo } from '@/contract/session'
import { LanguageProvider } from '../i18n/language-provider'
import { ClusterProvider } from '../kube/cluster'
import { LiveProvider } from '../kube/live-provider'
import { LiveServer } from '../kube/live-server.fixture'
import { SessionProvider } from '../kube/session'
import { useList } from '../kube/use-list'
import { ConnectionBanner } from './connection-banner'

class BrowserSocket extends WebSocket {
  constructor(address: string) {
    super(address)
    // A browser does not fall over when nobody listens for an error.
    this.on('error', () => undefined)
  }
}
vi.stubGlobal('WebSocket', BrowserSocket)
afterEach(cleanup)

const session: SessionInfo = {
  user: 'admin',
  groups: [],
  csrfToken: 'x',
  clusters: [{ name: 'local', displayName: 'local' }],
  version: '0',
  expiresAt: '2030-01-01T00:00:00Z',
  source: 'link',
  administrator: true,
  mustChangePassword: false,
}

function Reader() {
  return <p>{useList(nodeKind).stale ? 'old' : 'fresh'}</p>
}

function show(address: string, queryClient = new QueryClient()) {
  render(
    <LanguageProvider language="en">
      <QueryClientProvider client={queryClient}>
        <SessionProvider session={session}>
          <ClusterProvider cluster="local">
            <LiveProvider address={() => address}>
              <ConnectionBanner />
              <Reader />
            </LiveProvider>
          </ClusterProvider>
        </SessionProvider>
      </QueryClientProvider>
    </LanguageProvider>,
  )
}

it('says that what one sees may be old while the console is away, and only then', async () => {
  const server = new LiveServer()
  await server.start()
  show(server.address)
  await server.heard(1)
  server.say({ id: 1, type: 'snapshot', items: [] })
  await screen.findByText('fresh')
  expect(screen.queryByText(/interrupted/)).toBeNull()

  await server.stop()
  await screen.findByText(/Live updates are interrupted/, {}, { timeout: 5000 })
  expect(screen.getByText('old')).toBeDefined()

  await server.start()
  await server.heard(2)
  await waitFor(() => expect(screen.queryByText(/interrupted/)).toBeNull())
  cleanup()
  await server.stop()
})

function listWith(health: ConnectionHealth): ConnectionList {
  return {
    mayManage: true,
    connections: [
      {
        name: 'local',
        displayName: 'Lab',
        type: 'embedded',
        removable: false,
        health,
        readOnly: false,
        readOnlyByDefault: false,
        decided: false,
      },
    ],
  }
}

it('passes on why the cluster does not answer although the console does', async () => {
  const server = new LiveServer()
  await server.start()
  const queryClient = new QueryClient()
  const since = new Date().toISOString()
  queryClient.setQueryData(
    ['connections'],
    listWith({ state: 'refusing', since, message: 'The API server is overloaded.' }),
  )
  show(server.address, queryClient)
  expect(await screen.findByText(/Lab does not answer as it should.*overloaded/)).toBeDefined()
  expect(screen.getByRole('link').getAttribute('href')).toBe('/c/local/connection')

  queryClient.setQueryData(['connections'], listWith({ state: 'connected', since, latencyMs: 3 }))
  await waitFor(() => expect(screen.queryByText(/does not answer/)).toBeNull())
  cleanup()
  await server.stop()
})
