'use client'

import { type Ref, useEffect, useImperativeHandle, useRef } from 'react'
import { ConsoleConnection, type ConsoleState } from './console-connection'
import styles from './terminal.module.css'
import type { TerminalSession } from './terminal-session'

export interface TerminalHandle extends Omit<TerminalSession, 'attach' | 'dispose' | 'setScreenReader'> {
  reconnect(): void
}

export interface TerminalProps {
  /** `ws://…`; asked at every attempt. */
  url: () => string
  protocols: string[]
  /** Names the terminal for assistive technology. */
  label: string
  /** Whether the screen's text is also offered to screen readers, which costs some speed. */
  screenReader: boolean
  /** Printed where output was lost. */
  droppedNotice: string
  onState: (state: ConsoleState) => void
  /** The person pressed the keys that give the keyboard back to the page. */
  onLeave: () => void
  handle: Ref<TerminalHandle>
}

/** A byte stream as a terminal by xterm, which is loaded only here. Reconnects by itself; the text stays. */
export function Terminal(props: TerminalProps) {
  const target = useRef<HTMLDivElement>(null)
  const session = useRef<TerminalSession | undefined>(undefined)
  const connection = useRef<ConsoleConnection | undefined>(undefined)
  // What changes with every render must not tear the connection down.
  const current = useRef(props)
  useEffect(() => {
    current.current = props
    session.current?.setScreenReader(props.screenReader)
  })

  useEffect(() => {
    let gone = false
    const report = (state: ConsoleState) => current.current.onState(state)
    report({ phase: 'connecting' })
    import('./terminal-session').then(
      ({ openTerminal }) => {
        if (gone || !target.current) return
        const { label, screenReader, droppedNotice, protocols } = current.current
        const opened = openTerminal({
          target: target.current,
          label,
          screenReader,
          droppedNotice,
          onLeave: () => current.current.onLeave(),
        })
        session.current = opened
        connection.current = new ConsoleConnection({
          url: () => current.current.url(),
          protocols,
          onState: report,
          attach: opened.attach,
        })
        connection.current.connect()
        if (document.activeElement === document.body) opened.focus()
      },
      (error: unknown) => report({ phase: 'closed', code: 0, words: String(error) }),
    )
    return () => {
      gone = true
      connection.current?.close()
      connection.current = undefined
      session.current?.dispose()
      session.current = undefined
    }
  }, [])

  useImperativeHandle(props.handle, () => ({
    reconnect: () => connection.current?.reconnect(),
    send: (text) => session.current?.send(text),
    paste: (text) => session.current?.paste(text),
    selection: () => session.current?.selection() ?? '',
    selectAll: () => session.current?.selectAll(),
    clear: () => session.current?.clear(),
    scrollback: () => session.current?.scrollback() ?? '',
    size: () => session.current?.size() ?? { columns: 80, rows: 24 },
    find: (text, backwards) => session.current?.find(text, backwards) ?? false,
    endFind: () => session.current?.endFind(),
    focus: () => session.current?.focus(),
    blur: () => session.current?.blur(),
  }))

  return <div ref={target} className={styles['terminal']} data-keyboard="guest" data-testid="serial-terminal" />
}
