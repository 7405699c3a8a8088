import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import type { ReactNode } from 'react'
import type { SessionInfo } from '@/contract/session'
import { LanguageProvider } from '../i18n/language-provider'

export interface Answer {
  code: number
  body?: unknown
}

export interface ConsoleServer {
  calls: { call: string; csrf: string | undefined; body: unknown }[]
  /** What it answers; what a test does not say is answered with 404. */
  answer: (call: string, body: unknown) => Answer | undefined
  close(): Promise<void>
}

/** A console of which a test says what it answers; the page's own calls go there until it is closed. */
export async function startConsole(): Promise<ConsoleServer> {
  const state: Pick<ConsoleServer, 'calls' | 'answer'> = { calls: [], answer: () => undefined }
  const server: Server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += String(chunk)
    })
    request.on('end', () => {
      const call = `${request.method} ${request.url}`
      const body: unknown = text === '' ? undefined : JSON.parse(text)
      const csrf = request.headers['x-chiave-csrf']
      state.calls.push({ call, csrf: typeof csrf === 'string' ? csrf : undefined, body })
      const { code, body: answer } = state.answer(call, body) ?? { code: 404, body: status(404, 'no such thing') }
      response.writeHead(code, { 'content-type': 'application/json' })
      response.end(answer === undefined ? undefined : JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo
  const realFetch = globalThis.fetch
  // A browser would resolve the page's own addresses by itself.
  globalThis.fetch = (input, init) => realFetch(new URL(String(input), `http://127.0.0.1:${port}`), init)
  return Object.assign(state, {
    close: async () => {
      globalThis.fetch = realFetch
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

/** A refusal as the console words it. */
export function status(code: number, message: string, reason?: string) {
  const details = reason === undefined ? {} : { details: { causes: [{ reason }] } }
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, message, ...details }
}

export const ada: SessionInfo = {
  user: 'ada',
  groups: [],
  source: 'password',
  administrator: false,
  mustChangePassword: false,
  csrfToken: 'first',
  clusters: [],
  version: '1',
  expiresAt: '2026-01-01T00:00:00Z',
}

/** Shows something as a page does, in English and with a query cache of its own. */
export function show(children: ReactNode): QueryClient {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <QueryClientProvider client={client}>
      <LanguageProvider language="en">{children}</LanguageProvider>
    </QueryClientProvider>,
  )
  return client
}
