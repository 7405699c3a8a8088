// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, renderHook, waitFor } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { Node } from '@/contract/kinds/core'
import { nodeKind } from '@/contract/kinds/core'
import { ClusterProvider } from './cluster'
import { LiveProvider } from './live-provider'
import { LiveServer } from './live-server.fixture'
import { useList } from './use-list'
import { useObject } from './use-object'

// jsdom's own socket does not understand its own events under this runner; this one is a browser's in all that we use.
vi.stubGlobal('WebSocket', WebSocket)

const node = (name: string, cpu = '1'): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { capacity: { cpu } },
})

describe('live hooks', () => {
  const server = new LiveServer()
  beforeAll(() => server.start())
  afterAll(() => server.stop())
  afterEach(() => {
    cleanup()
    server.asked.length = 0
    server.sockets = []
  })

  function wrapper({ children }: { children: ReactNode }) {
    return (
      <QueryClientProvider client={new QueryClient()}>
        <ClusterProvider cluster="lab">
          <LiveProvider address={() => server.address}>{children}</LiveProvider>
        </ClusterProvider>
      </QueryClientProvider>
    )
  }

  it('follow a list from nothing through its changes', async () => {
    const { result } = renderHook(() => useList(nodeKind, { labelSelector: 'a=b' }), { wrapper })
    expect(result.current).toEqual({ items: [], loaded: false, stale: false })
    await server.heard(1)
    expect(server.asked[0]).toEqual({
      op: 'subscribe',
      id: 1,
      query: { cluster: 'lab', group: '', version: 'v1', plural: 'nodes', labelSelector: 'a=b' },
    })
    act(() => server.say({ id: 1, type: 'snapshot', items: [node('a')] }))
    await waitFor(() => expect(result.current.loaded).toBe(true))
    const before = result.current.items[0]
    act(() => server.say({ id: 1, type: 'events', events: [{ type: 'ADDED', object: node('b') }] }))
    await waitFor(() => expect(result.current.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']))
    // What did not change is the same object, so that rows need not be drawn again.
    expect(result.current.items[0]).toBe(before)
  })

  it('ask for nothing while they are disabled', async () => {
    const { result, rerender } = renderHook(({ enabled }) => useList(nodeKind, { enabled }), {
      wrapper,
      initialProps: { enabled: false },
    })
    expect(result.current.loaded).toBe(false)
    expect(server.sockets).toHaveLength(0)
    rerender({ enabled: true })
    await server.heard(1)
  })

  it('tell an object that is not there from one that has not come yet, and notice when it goes', async () => {
    const { result } = renderHook(() => useObject(nodeKind, { name: 'a' }), { wrapper })
    expect(result.current).toMatchObject({ loaded: false, notFound: false })
    await server.heard(1)
    act(() => server.say({ id: 1, type: 'snapshot', items: [] }))
    await waitFor(() => expect(result.current).toMatchObject({ loaded: true, notFound: true }))
    act(() => server.say({ id: 1, type: 'events', events: [{ type: 'ADDED', object: node('a', '4') }] }))
    await waitFor(() => expect(result.current.object?.status?.capacity?.['cpu']).toBe('4'))
    expect(result.current.notFound).toBe(false)
    act(() => server.say({ id: 1, type: 'events', events: [{ type: 'DELETED', object: node('a') }] }))
    await waitFor(() => expect(result.current.notFound).toBe(true))
  })

  it('hand on what the server says against it', async () => {
    const { result } = renderHook(() => useList(nodeKind), { wrapper })
    await server.heard(1)
    act(() =>
      server.say({
        id: 1,
        type: 'error',
        retrying: true,
        status: {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          code: 403,
          message: 'nodes is forbidden',
        },
      }),
    )
    await waitFor(() => expect(result.current.error).toMatchObject({ code: 403, message: 'nodes is forbidden' }))
    expect(result.current.loaded).toBe(false)
  })
})
