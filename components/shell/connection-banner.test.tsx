// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { nodeKind } from '@/contract/kinds/core'
import { LanguageProvider } from '../i18n/language-provider'
import { ClusterProvider } from '../kube/cluster'
import { LiveProvider } from '../kube/live-provider'
import { LiveServer } from '../kube/live-server.fixture'
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

function Reader() {
  return <p>{useList(nodeKind).stale ? 'old' : 'fresh'}</p>
}

it('says that what one sees may be old while the console is away, and only then', async () => {
  const server = new LiveServer()
  await server.start()
  render(
    <LanguageProvider language="en">
      <QueryClientProvider client={new QueryClient()}>
        <ClusterProvider cluster="local">
          <LiveProvider address={() => server.address}>
            <ConnectionBanner />
            <Reader />
          </LiveProvider>
        </ClusterProvider>
      </QueryClientProvider>
    </LanguageProvider>,
  )
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
