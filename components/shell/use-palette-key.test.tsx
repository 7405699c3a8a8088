// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, it } from 'vitest'
import { Terminal } from '../ui/terminal'
import { VncScreen } from '../ui/vnc-screen'
import { usePaletteKey } from './use-palette-key'

afterEach(cleanup)

function Shell({ viewOnly = false }: { viewOnly?: boolean }) {
  const [open] = usePaletteKey()
  const connection = {
    url: () => 'ws://127.0.0.1:1/',
    protocols: [],
    onState: () => undefined,
    handle: null,
  }
  return (
    <>
      <p>{open ? 'open' : 'closed'}</p>
      <input aria-label="page" />
      <VncScreen {...connection} label="screen" scaling="fit" viewOnly={viewOnly} />
      <Terminal {...connection} label="serial" screenReader={false} droppedNotice="" onLeave={() => undefined} />
    </>
  )
}

const press = (target: Element) => fireEvent.keyDown(target, { key: 'k', ctrlKey: true })

it('opens and closes the palette from anywhere on the page', () => {
  render(<Shell />)
  press(screen.getByLabelText('page'))
  screen.getByText('open')
  press(document.body)
  screen.getByText('closed')
})

it('leaves the key to a guest whose screen or terminal has the keyboard', () => {
  render(<Shell />)
  for (const id of ['vnc-screen', 'serial-terminal']) {
    // The key goes to what noVNC and xterm put into it.
    const inside = screen.getByTestId(id).appendChild(document.createElement('textarea'))
    expect(press(inside)).toBe(true)
    screen.getByText('closed')
  }
})

it('is there beside a screen that is only looked at', () => {
  render(<Shell viewOnly />)
  press(screen.getByTestId('vnc-screen'))
  screen.getByText('open')
})
