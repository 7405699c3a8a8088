import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import type { AttachConsole } from './console-connection'
import { boundedWriter, ignoreReachingSequences, readScrollback } from './terminal-buffer'

/** An xterm in an element, ready to be attached to sockets one after the other. */
export interface TerminalSession {
  attach: AttachConsole
  /** Sends text to the guest as if typed. */
  send(text: string): void
  /** As a paste: with bracketed paste when the guest asked for it. */
  paste(text: string): void
  selection(): string
  selectAll(): void
  clear(): void
  scrollback(): string
  size(): { columns: number; rows: number }
  find(text: string, backwards?: boolean): boolean
  endFind(): void
  setScreenReader(on: boolean): void
  focus(): void
  blur(): void
  dispose(): void
}

export interface TerminalSessionOptions {
  target: HTMLElement
  label: string
  screenReader: boolean
  /** Printed, dimmed, when output was lost. */
  droppedNotice: string
  /** Escape to the page: the person asked for the keyboard back. */
  onLeave: () => void
}

/** A socket that was not refused within this time has reached the guest. */
const quietMs = 800

/** Opens a terminal in the element; it follows the element's size. */
export function openTerminal({
  target,
  label,
  screenReader,
  droppedNotice,
  onLeave,
}: TerminalSessionOptions): TerminalSession {
  const terminal = new Terminal({
    fontFamily: "'Red Hat Mono', 'DejaVu Sans Mono', 'Liberation Mono', monospace",
    fontSize: 14,
    scrollback: 20_000,
    screenReaderMode: screenReader,
    theme: { background: '#151515', foreground: '#e0e0e0', cursor: '#e0e0e0' },
    cursorBlink: true,
    // A click must never open what a guest printed.
    linkHandler: { activate: () => undefined },
  })
  const fit = new FitAddon()
  const search = new SearchAddon()
  terminal.loadAddon(fit)
  terminal.loadAddon(search)
  ignoreReachingSequences(terminal)
  terminal.open(target)
  terminal.textarea?.setAttribute('aria-label', label)
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type === 'keydown' && event.ctrlKey && event.altKey && event.key === 'Home') {
      onLeave()
      return false
    }
    // Ctrl+Shift+C copies, as in every terminal; the browser itself pastes on Ctrl+Shift+V.
    if (event.type === 'keydown' && event.ctrlKey && event.shiftKey && event.code === 'KeyC') {
      event.preventDefault()
      document.execCommand('copy')
      return false
    }
    return true
  })
  const resize = new ResizeObserver(() => {
    if (target.clientWidth > 0 && target.clientHeight > 0) fit.fit()
  })
  resize.observe(target)
  fit.fit()

  let send: ((data: Uint8Array<ArrayBuffer>) => void) | undefined
  terminal.onData((data) => send?.(new TextEncoder().encode(data)))
  terminal.onBinary((data) => send?.(Uint8Array.from(data, (letter) => letter.charCodeAt(0))))
  const writer = boundedWriter(terminal, {
    onDropped: () => terminal.write(`\r\n\u001b[2m${droppedNotice}\u001b[0m\r\n`),
  })

  return {
    attach: (socket, opened) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      let isOpen = false
      const succeed = () => {
        if (!isOpen) opened()
        isOpen = true
      }
      const onMessage = ({ data }: MessageEvent<unknown>) => {
        succeed()
        if (data instanceof ArrayBuffer) writer.write(new Uint8Array(data))
      }
      const onOpen = () => {
        send = (bytes) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(bytes)
        }
        // The relay takes every browser first and may refuse right after; a quiet guest may say nothing at all.
        timer = setTimeout(succeed, quietMs)
      }
      socket.addEventListener('message', onMessage)
      socket.addEventListener('open', onOpen)
      return () => {
        send = undefined
        clearTimeout(timer)
        socket.removeEventListener('message', onMessage)
        socket.removeEventListener('open', onOpen)
      }
    },
    send: (text) => send?.(new TextEncoder().encode(text)),
    paste: (text) => terminal.paste(text),
    selection: () => terminal.getSelection(),
    selectAll: () => terminal.selectAll(),
    clear: () => terminal.clear(),
    scrollback: () => readScrollback(terminal),
    size: () => ({ columns: terminal.cols, rows: terminal.rows }),
    find: (text, backwards = false) =>
      backwards ? search.findPrevious(text) : search.findNext(text, { incremental: false }),
    endFind: () => search.clearDecorations(),
    setScreenReader: (on) => {
      terminal.options.screenReaderMode = on
    },
    focus: () => terminal.focus(),
    blur: () => terminal.blur(),
    dispose: () => {
      resize.disconnect()
      terminal.dispose()
    },
  }
}
