'use client'

import type RFB from '@novnc/novnc'
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react'
import { ConsoleConnection, type ConsoleState } from './console-connection'
import { keysyms, usKeyPresses } from './us-keyboard'
import { attachVnc } from './vnc-channel'
import styles from './vnc-screen.module.css'

/** `fit`: scaled to the window. `actual`: one to one, scrolled by dragging. `remote`: the guest is asked to fit. */
export type VncScaling = 'fit' | 'actual' | 'remote'

export interface VncHandle {
  sendCtrlAltDel(): void
  /** Types the text key by key on a US keyboard; resolves with the characters that such a keyboard lacks. */
  typeText(text: string): Promise<string[]>
  /** A PNG of the screen; null when there is none. */
  screenshot(): Promise<Blob | null>
  reconnect(): void
  focus(): void
  /** Gives the keyboard back to the page. */
  blur(): void
}

export interface VncScreenProps {
  /** `ws://…`; asked at every attempt. */
  url: () => string
  protocols: string[]
  /** Names the screen for assistive technology. */
  label: string
  scaling: VncScaling
  viewOnly: boolean
  onState: (state: ConsoleState) => void
  handle: Ref<VncHandle>
}

/** A guest's screen by noVNC, which is loaded only here. Reconnects by itself; says how it is doing by `onState`. */
export function VncScreen({ url, protocols, label, scaling, viewOnly, onState, handle }: VncScreenProps) {
  const target = useRef<HTMLDivElement>(null)
  const client = useRef<RFB | undefined>(undefined)
  const connection = useRef<ConsoleConnection | undefined>(undefined)
  // What changes with every render must not tear the connection down.
  const current = useRef({ url, protocols, scaling, viewOnly, onState })
  useEffect(() => {
    current.current = { url, protocols, scaling, viewOnly, onState }
    if (client.current) applyView(client.current, { scaling, viewOnly })
  })

  useEffect(() => {
    let gone = false
    const report = (state: ConsoleState) => current.current.onState(state)
    report({ phase: 'connecting' })
    import('@novnc/novnc').then(
      ({ default: Client }) => {
        if (gone || !target.current) return
        connection.current = new ConsoleConnection({
          url: () => current.current.url(),
          protocols: current.current.protocols,
          onState: report,
          attach: attachVnc({
            target: target.current,
            Client,
            onClient: (next) => {
              client.current = next
              if (!next) return
              applyView(next, current.current)
              // A guest that was just made is there to be typed at; one that comes back by itself must not take the keys.
              if (document.activeElement === document.body || document.activeElement === target.current) next.focus()
            },
          }),
        })
        connection.current.connect()
      },
      (error: unknown) => report({ phase: 'closed', code: 0, words: String(error) }),
    )
    return () => {
      gone = true
      connection.current?.close()
      connection.current = undefined
    }
  }, [])

  useImperativeHandle(handle, () => ({
    sendCtrlAltDel: () => client.current?.sendCtrlAltDel(),
    typeText: (text) => typeText(() => client.current, text),
    screenshot: () =>
      new Promise((resolve) => {
        if (client.current) client.current.toBlob(resolve, 'image/png')
        else resolve(null)
      }),
    reconnect: () => connection.current?.reconnect(),
    focus: () => client.current?.focus(),
    blur: () => client.current?.blur(),
  }))

  return (
    <div
      ref={target}
      className={styles['screen']}
      role="application"
      aria-label={label}
      tabIndex={0}
      data-keyboard={viewOnly ? undefined : 'guest'}
      data-testid="vnc-screen"
      onFocus={(event) => {
        if (event.target === target.current) client.current?.focus()
      }}
    />
  )
}

function applyView(client: RFB, { scaling, viewOnly }: { scaling: VncScaling; viewOnly: boolean }): void {
  client.viewOnly = viewOnly
  client.scaleViewport = scaling !== 'actual'
  client.clipViewport = scaling === 'actual'
  client.resizeSession = scaling === 'remote'
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Slow enough for a firmware's keyboard buffer; ends quietly when the connection does. */
async function typeText(client: () => RFB | undefined, text: string): Promise<string[]> {
  const { presses, untypable } = usKeyPresses(text)
  for (const { code, keysym, shift } of presses) {
    if (shift) client()?.sendKey(keysyms.shift, 'ShiftLeft', true)
    client()?.sendKey(keysym, code, true)
    client()?.sendKey(keysym, code, false)
    if (shift) client()?.sendKey(keysyms.shift, 'ShiftLeft', false)
    await pause(12)
  }
  return untypable
}
