'use client'

import { Dropdown, DropdownItem, DropdownList, MenuToggle, type MenuToggleElement } from '@patternfly/react-core'
import {
  CopyIcon,
  DownloadIcon,
  EllipsisVIcon,
  EraserIcon,
  PasteIcon,
  RedoIcon,
  SearchIcon,
} from '@patternfly/react-icons'
import { type RefObject, useRef, useState } from 'react'
import { useT } from '../../i18n/use-t'
import type { ConsoleState } from '../../ui/console-connection'
import { saveFile } from '../../ui/save-file'
import { Terminal, type TerminalHandle } from '../../ui/terminal'
import { toast } from '../../ui/toast'
import { ConsoleFrame, ToolButton } from './console-frame'
import { consoleProtocols } from './console-view'
import { PasteDialog } from './paste-dialog'
import { TerminalSearch } from './terminal-search'
import { leaveTo, type MachineConsoleProps } from './vnc-console'

const screenReaderKey = 'chiave-screen-reader'

/** The guest's serial console with its tools. */
export function SerialConsole({ name, url, views, onView }: MachineConsoleProps) {
  const t = useT()
  const frame = useRef<HTMLDivElement>(null)
  const terminal = useRef<TerminalHandle>(null)
  const [state, setState] = useState<ConsoleState>({ phase: 'connecting' })
  const [searching, setSearching] = useState(false)
  const [pasting, setPasting] = useState(false)
  const [screenReader, setScreenReader] = useState(() => localStorage.getItem(screenReaderKey) !== 'off')
  const open = state.phase === 'open'

  const copy = async () => {
    const text = terminal.current?.selection() ?? ''
    if (text === '') return toast({ variant: 'info', title: t('console.nothingSelected') })
    try {
      await navigator.clipboard.writeText(text)
      toast({ variant: 'success', title: t('console.copied') })
    } catch (error) {
      toast({ variant: 'warning', title: t('ui.copy.refused'), body: `${text} (${String(error)})` })
    }
  }
  const switchScreenReader = () => {
    localStorage.setItem(screenReaderKey, screenReader ? 'off' : 'on')
    setScreenReader(!screenReader)
  }
  const sendSize = () => {
    const { columns, rows } = terminal.current?.size() ?? { columns: 80, rows: 24 }
    // A serial line has no way to carry the size; the guest's shell can be told.
    terminal.current?.send(`stty rows ${rows} cols ${columns}\r`)
    terminal.current?.focus()
  }

  return (
    <ConsoleFrame
      frame={frame}
      views={views}
      view="serial"
      onView={onView}
      state={state}
      onReconnect={() => terminal.current?.reconnect()}
      hint={`${t('console.emptyHint')} ${t('console.leaveHint')}`}
      above={searching && <TerminalSearch terminal={terminal} onClose={() => setSearching(false)} />}
      tools={
        <>
          <ToolButton label={t('console.copy')} icon={<CopyIcon />} onClick={() => void copy()} />
          <ToolButton
            label={t('console.pasteText')}
            icon={<PasteIcon />}
            isDisabled={!open}
            onClick={() => setPasting(true)}
          />
          <ToolButton
            label={t('console.find')}
            icon={<SearchIcon />}
            isPressed={searching}
            onClick={() => setSearching(!searching)}
          />
          <ToolButton
            label={t('console.reconnect')}
            icon={<RedoIcon />}
            onClick={() => terminal.current?.reconnect()}
          />
          <MoreMenu
            frame={frame}
            entries={[
              {
                label: t('console.download'),
                icon: <DownloadIcon />,
                run: () => saveFile(`${name}-serial.txt`, new Blob([terminal.current?.scrollback() ?? ''])),
              },
              { label: t('console.clear'), icon: <EraserIcon />, run: () => terminal.current?.clear() },
              { label: t('console.sendSize'), run: sendSize, disabled: !open },
              { label: t('console.screenReader'), run: switchScreenReader, selected: screenReader },
            ]}
          />
        </>
      }
    >
      <Terminal
        url={url}
        protocols={consoleProtocols}
        label={t('console.terminalOf', { name })}
        screenReader={screenReader}
        droppedNotice={t('console.dropped')}
        onState={setState}
        onLeave={() => {
          terminal.current?.blur()
          leaveTo(frame.current)
        }}
        handle={terminal}
      />
      {pasting && (
        <PasteDialog
          frame={frame}
          body={t('console.paste.bodySerial')}
          onType={async (text) => {
            terminal.current?.paste(text)
            return []
          }}
          onClose={() => {
            setPasting(false)
            terminal.current?.focus()
          }}
        />
      )}
    </ConsoleFrame>
  )
}

interface MoreEntry {
  label: string
  icon?: React.ReactNode
  run: () => void
  disabled?: boolean
  /** For switches: whether it is on. */
  selected?: boolean
}

/** What is needed now and then. */
function MoreMenu({ frame, entries }: { frame: RefObject<HTMLElement | null>; entries: readonly MoreEntry[] }) {
  const t = useT()
  const [open, setOpen] = useState(false)
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ appendTo: () => frame.current ?? document.body, position: 'right' }}
      toggle={(ref: React.Ref<MenuToggleElement>) => (
        <MenuToggle
          ref={ref}
          size="sm"
          variant="plain"
          aria-label={t('console.more')}
          isExpanded={open}
          icon={<EllipsisVIcon />}
          onClick={() => setOpen(!open)}
        />
      )}
    >
      <DropdownList>
        {entries.map(({ label, icon, run, disabled, selected }) => (
          <DropdownItem
            key={label}
            icon={icon}
            onClick={run}
            isAriaDisabled={disabled ?? false}
            {...(selected === undefined ? {} : { isSelected: selected })}
          >
            {label}
          </DropdownItem>
        ))}
      </DropdownList>
    </Dropdown>
  )
}
