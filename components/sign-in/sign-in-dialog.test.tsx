// @vitest-environment jsdom
import { useQuery } from '@tanstack/react-query'
import { act, cleanup, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signInReasons } from '@/contract/people'
import type { SessionInfo } from '@/contract/session'
import { ApiFailure, useConsoleApi } from '../kube/api'
import { SessionProvider } from '../kube/session'
import { announceSignIn, signedInAgain } from '../kube/sign-in-again'
import { ada, type ConsoleServer, show, startConsole, status } from './sign-in.fixture'
import { SignInDialogHost } from './sign-in-dialog'

/** Whose session the console knows at the moment. */
let session: SessionInfo | undefined
let server: ConsoleServer

beforeEach(async () => {
  session = ada
  server = await startConsole()
  server.answer = (call) => {
    if (call === 'GET /auth/methods') return { code: 200, body: { methods: [{ type: 'password' }, { type: 'link' }] } }
    if (call === 'POST /auth/password') {
      session = { ...ada, csrfToken: 'second' }
      return { code: 200, body: { user: 'ada', mustChangePassword: false } }
    }
    if (!session) return { code: 401, body: status(401, 'Your session has expired.', signInReasons.expired) }
    if (call === 'GET /auth/session') return { code: 200, body: session }
    return { code: 200, body: { done: true } }
  }
})

afterEach(async () => {
  // The dialog is outside React: the next test begins with nobody waiting.
  act(() => signedInAgain(ada))
  cleanup()
  await server.close()
})

/** A page with a form, as any other. */
function Page() {
  const call = useConsoleApi()
  const [text, setText] = useState('')
  const [result, setResult] = useState('')
  const send = async () => {
    try {
      await call('PUT', '/auth/profile', { body: { text } })
      setResult('kept')
    } catch (cause) {
      setResult(cause instanceof ApiFailure ? cause.message : 'no ApiFailure')
    }
  }
  return (
    <>
      <input aria-label="text" value={text} onChange={(event) => setText(event.target.value)} />
      <button type="button" onClick={() => void send()}>
        Save
      </button>
      <output>{result}</output>
    </>
  )
}

function App() {
  const { data = ada } = useQuery({ queryKey: ['session'], queryFn: () => ada, staleTime: Infinity })
  return (
    <SessionProvider session={data}>
      <Page />
      <SignInDialogHost />
    </SessionProvider>
  )
}

async function saveWithoutSession() {
  const user = userEvent.setup()
  show(<App />)
  session = undefined
  await user.type(screen.getByLabelText('text'), 'my words')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await screen.findByRole('dialog', { name: 'Sign in again' })
  return user
}

const saves = () => server.calls.filter(({ call }) => call === 'PUT /auth/profile')

describe('a session that ends in the middle of work', () => {
  it('is opened again over the page, and what was refused goes through without being typed again', async () => {
    const user = await saveWithoutSession()
    expect(await screen.findByText('Your session has expired')).toBeTruthy()
    await user.type(await screen.findByLabelText('Password'), 'right horse')
    await user.click(screen.getByRole('button', { name: 'Sign in' }))
    await screen.findByText('kept')
    expect(screen.queryByRole('dialog')).toBeNull()
    expect(saves().map(({ csrf, body }) => [csrf, body])).toEqual([
      ['first', { text: 'my words' }],
      ['second', { text: 'my words' }],
    ])
    await user.click(screen.getByRole('button', { name: 'Save' }))
    await waitFor(() => expect(saves()).toHaveLength(3))
    expect(saves()[2]?.csrf).toBe('second')
  })

  it('is noticed when another tab or window signs in', async () => {
    await saveWithoutSession()
    session = { ...ada, csrfToken: 'third' }
    act(() => announceSignIn())
    await screen.findByText('kept')
    expect(saves().at(-1)?.csrf).toBe('third')
  })

  it('does not give one person’s form to another', async () => {
    await saveWithoutSession()
    session = { ...ada, user: 'bob', csrfToken: 'bobs' }
    act(() => announceSignIn())
    expect(await screen.findByText('You are signed in as bob now, not as ada')).toBeTruthy()
    expect(saves()).toHaveLength(1)
  })

  it('can wait: the page keeps what was typed, the call fails in the server’s words, and one can come back to it', async () => {
    const user = await saveWithoutSession()
    await user.click(screen.getByRole('button', { name: 'Not now' }))
    expect(await screen.findByText('Your session has expired.')).toBeTruthy()
    expect(screen.getByLabelText('text')).toHaveProperty('value', 'my words')
    await user.click(screen.getByRole('button', { name: 'Sign in again' }))
    await user.type(await screen.findByLabelText('Password'), 'right horse')
    await user.click(screen.getByRole('button', { name: 'Sign in' }))
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  })
})
