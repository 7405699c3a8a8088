// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, it } from 'vitest'
import { ConfirmHost, confirm } from './confirm'

afterEach(cleanup)

const ask = (more: Partial<Parameters<typeof confirm>[0]> = {}) =>
  confirm({ title: 'Sure?', body: 'It hurts.', confirmLabel: 'Do it', ...more })

it('resolves to what the person answered', async () => {
  render(<ConfirmHost />)
  const yes = ask()
  await userEvent.click(await screen.findByRole('button', { name: 'Do it' }))
  expect(await yes).toBe(true)
  const no = ask()
  await userEvent.click(await screen.findByRole('button', { name: 'ui.confirm.cancel' }))
  expect(await no).toBe(false)
  expect(screen.queryByRole('dialog')).toBeNull()
})

it('asks one question after the other', async () => {
  render(<ConfirmHost />)
  const first = ask({ title: 'First?' })
  const second = ask({ title: 'Second?' })
  await screen.findByRole('dialog', { name: /First\?/ })
  expect(screen.queryByText('Second?')).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'Do it' }))
  await screen.findByRole('dialog', { name: /Second\?/ })
  await userEvent.keyboard('{Escape}')
  expect([await first, await second]).toEqual([true, false])
})

it('waits until the right word is typed', async () => {
  render(<ConfirmHost />)
  const answer = ask({ typeToConfirm: 'web-1', danger: true })
  const button = await screen.findByRole('button', { name: 'Do it' })
  expect(button).toHaveProperty('disabled', true)
  await userEvent.type(screen.getByRole('textbox'), 'web-')
  await userEvent.keyboard('{Enter}')
  expect(button).toHaveProperty('disabled', true)
  await userEvent.keyboard('1{Enter}')
  expect(await answer).toBe(true)
})
