'use client'

import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import { type LiveConnection, LiveSocket } from './live-socket'
import { liveQueryKey } from './query-keys'
import { onSignedInAgain, recoverSession } from './sign-in-again'

const LiveContext = createContext<LiveSocket | undefined>(undefined)

/** Owns the tab's live socket; states of subscriptions go into the query cache. */
export function LiveProvider({ children, address = liveAddress }: { children: ReactNode; address?: () => string }) {
  const queryClient = useQueryClient()
  const [socket] = useState(
    () =>
      new LiveSocket({
        address,
        publish: (query, state) => queryClient.setQueryData(liveQueryKey(query), state),
        forget: (query) => queryClient.removeQueries({ queryKey: liveQueryKey(query), exact: true }),
        // A socket cannot tell why it was refused; the session's own address can.
        onRefused: () => void recoverSession('GET'),
      }),
  )
  useEffect(() => {
    const visible = () => document.visibilityState === 'visible' && socket.retryNow()
    window.addEventListener('online', socket.retryNow)
    document.addEventListener('visibilitychange', visible)
    const stopListening = onSignedInAgain(socket.retryNow)
    return () => {
      stopListening()
      window.removeEventListener('online', socket.retryNow)
      document.removeEventListener('visibilitychange', visible)
      socket.close()
    }
  }, [socket])
  return <LiveContext value={socket}>{children}</LiveContext>
}

/** The tab's live socket. */
export function useLiveSocket(): LiveSocket {
  const socket = useContext(LiveContext)
  if (socket === undefined) throw new Error('useLiveSocket needs a LiveProvider above it')
  return socket
}

/** How the live connection is doing, for the banner. */
export function useLiveConnection(): LiveConnection {
  const socket = useLiveSocket()
  return useSyncExternalStore(
    socket.onConnection,
    () => socket.connection,
    () => 'idle',
  )
}

function liveAddress(): string {
  return `${window.location.protocol === 'https:' ? 'wss' : 'ws'}://${window.location.host}/live`
}
