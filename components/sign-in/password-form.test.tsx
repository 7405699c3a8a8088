// @vitest-environment jsdom
import { cleanup, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { signInReasons } from '@/contract/people'
import { PasswordForm } from './password-form'
import { type ConsoleServer, show, startConsole, status } from './sign-in.fixture'

let server: ConsoleServer

beforeEach(async () => {
  server = await startConsole()
})

afterEach(async () => {
  cleanup()
  await server.close()
})

async function fillIn(password: string) {
  const user = userEvent.setup()
  await user.type(screen.getByLabelText('User name'), 'ada')
  await user.type(screen.getByLabelText('Password'), password)
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
  return user
}

describe('the password form', () => {
  it('signs in with name and password alone where that is enough', async () => {
    server.answer = () => ({ code: 200, body: { user: 'ada', mustChangePassword: false } })
    const signedIn = vi.fn()
    show(<PasswordForm onSignedIn={signedIn} />)
    await fillIn('right horse')
    await waitFor(() => expect(signedIn).toHaveBeenCalledOnce())
    expect(server.calls.map(({ call, body }) => [call, body])).toEqual([
      ['POST /auth/password', { username: 'ada', password: 'right horse' }],
    ])
  })

  it('asks for the code as a second step, and says when it is wrong', async () => {
    server.answer = (_call, body) => {
      const { code } = body as { code?: string }
      if (code === '123456') return { code: 200, body: { user: 'ada', mustChangePassword: false } }
      const words = code === undefined ? 'a code is needed' : 'the code is wrong'
      return { code: 401, body: status(401, words, signInReasons.codeRequired) }
    }
    const signedIn = vi.fn()
    show(<PasswordForm onSignedIn={signedIn} />)
    const user = await fillIn('right horse')
    const code = await screen.findByLabelText('Code of your authenticator app')
    expect(screen.queryByText('a code is needed')).toBeNull()
    await user.type(code, '000000')
    await user.click(screen.getByRole('button', { name: 'Sign in' }))
    expect(await screen.findByText('the code is wrong')).toBeTruthy()
    expect(code).toHaveProperty('value', '')
    await user.type(code, '123456')
    await user.click(screen.getByRole('button', { name: 'Sign in' }))
    await waitFor(() => expect(signedIn).toHaveBeenCalledOnce())
    expect(server.calls.at(-1)?.body).toEqual({ username: 'ada', password: 'right horse', code: '123456' })
  })

  it('takes a recovery code instead', async () => {
    server.answer = (_call, body) =>
      (body as { code?: string }).code === undefined
        ? { code: 401, body: status(401, 'a code is needed', signInReasons.codeRequired) }
        : { code: 200, body: { user: 'ada', mustChangePassword: false } }
    const signedIn = vi.fn()
    show(<PasswordForm onSignedIn={signedIn} />)
    const user = await fillIn('right horse')
    await user.click(await screen.findByRole('button', { name: 'Use a recovery code' }))
    await user.type(screen.getByLabelText('Recovery code'), 'aaaa-bbbb')
    await user.click(screen.getByRole('button', { name: 'Sign in' }))
    await waitFor(() => expect(signedIn).toHaveBeenCalledOnce())
    expect(server.calls.at(-1)?.body).toMatchObject({ code: 'aaaa-bbbb' })
  })

  it('shows the server’s own words and keeps the name', async () => {
    server.answer = () => ({ code: 429, body: status(429, 'Too many attempts. Wait 30 seconds.') })
    show(<PasswordForm onSignedIn={() => undefined} />)
    await fillIn('wrong horse')
    expect(await screen.findByText('Too many attempts. Wait 30 seconds.')).toBeTruthy()
    expect(screen.getByLabelText('User name')).toHaveProperty('value', 'ada')
  })

  it('asks a person who has to sign in again for no other name', () => {
    show(<PasswordForm user="ada" onSignedIn={() => undefined} />)
    expect(screen.getByLabelText('User name')).toHaveProperty('readOnly', true)
    expect(screen.getByLabelText('User name')).toHaveProperty('value', 'ada')
  })
})
