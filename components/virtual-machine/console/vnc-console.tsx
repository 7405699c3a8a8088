'use client'

import { MenuToggle, type MenuToggleElement, Select, SelectList, SelectOption } from '@patternfly/react-core'
import { CameraIcon, EyeIcon, KeyboardIcon, PasteIcon, RedoIcon } from '@patternfly/react-icons'
import { type RefObject, useRef, useState } from 'react'
import { useT } from '../../i18n/use-t'
import type { ConsoleState } from '../../ui/console-connection'
import { saveFile } from '../../ui/save-file'
import { toast } from '../../ui/toast'
import { type VncHandle, type VncScaling, VncScreen } from '../../ui/vnc-screen'
import { ConsoleFrame, ToolButton } from './console-frame'
import { type ConsoleView, consoleProtocols } from './console-view'
import { PasteDialog } from './paste-dialog'

export interface MachineConsoleProps {
  name: string
  url: () => string
  views: readonly ConsoleView[]
  onView: (view: ConsoleView) => void
}

/** The guest's screen with its tools. */
export function VncConsole({ name, url, views, onView }: MachineConsoleProps) {
  const t = useT()
  const frame = useRef<HTMLDivElement>(null)
  const screen = useRef<VncHandle>(null)
  const [state, setState] = useState<ConsoleState>({ phase: 'connecting' })
  const [scaling, setScaling] = useState<VncScaling>('fit')
  const [viewOnly, setViewOnly] = useState(false)
  const [pasting, setPasting] = useState(false)
  const open = state.phase === 'open'

  const savePicture = async () => {
    const picture = await screen.current?.screenshot()
    if (picture) saveFile(`${name}.png`, picture)
    else toast({ variant: 'warning', title: t('console.noPicture') })
  }

  return (
    <ConsoleFrame
      frame={frame}
      views={views}
      view="vnc"
      onView={onView}
      state={state}
      onReconnect={() => screen.current?.reconnect()}
      hint={t('console.leaveHint')}
      tools={
        <>
          <ToolButton
            label={t('console.ctrlAltDel')}
            icon={<KeyboardIcon />}
            isDisabled={!open || viewOnly}
            onClick={() => screen.current?.sendCtrlAltDel()}
          />
          <ToolButton
            label={t('console.pasteText')}
            icon={<PasteIcon />}
            isDisabled={!open || viewOnly}
            onClick={() => setPasting(true)}
          />
          <ToolButton
            label={t('console.screenshot')}
            icon={<CameraIcon />}
            isDisabled={!open}
            onClick={() => void savePicture()}
          />
          <ToolButton
            label={t('console.viewOnly')}
            icon={<EyeIcon />}
            isPressed={viewOnly}
            onClick={() => setViewOnly(!viewOnly)}
          />
          <ToolButton label={t('console.reconnect')} icon={<RedoIcon />} onClick={() => screen.current?.reconnect()} />
          <ScalingSelect frame={frame} value={scaling} onChange={setScaling} />
        </>
      }
    >
      <KeyboardExit frame={frame} onLeave={() => screen.current?.blur()}>
        <VncScreen
          url={url}
          protocols={consoleProtocols}
          label={t('console.screenOf', { name })}
          scaling={scaling}
          viewOnly={viewOnly}
          onState={setState}
          handle={screen}
        />
      </KeyboardExit>
      {pasting && (
        <PasteDialog
          frame={frame}
          body={t('console.paste.bodyVnc')}
          onType={async (text) => (await screen.current?.typeText(text)) ?? []}
          onClose={() => {
            setPasting(false)
            screen.current?.focus()
          }}
        />
      )}
    </ConsoleFrame>
  )
}

const scalings: readonly VncScaling[] = ['fit', 'actual', 'remote']

function ScalingSelect(props: {
  frame: RefObject<HTMLElement | null>
  value: VncScaling
  onChange: (value: VncScaling) => void
}) {
  const t = useT()
  const [open, setOpen] = useState(false)
  return (
    <Select
      isOpen={open}
      onOpenChange={setOpen}
      selected={props.value}
      onSelect={(_event, value) => {
        setOpen(false)
        const chosen = scalings.find((scaling) => scaling === value)
        if (chosen) props.onChange(chosen)
      }}
      popperProps={{ appendTo: () => props.frame.current ?? document.body, position: 'right' }}
      toggle={(ref: React.Ref<MenuToggleElement>) => (
        <MenuToggle
          ref={ref}
          size="sm"
          isExpanded={open}
          aria-label={`${t('console.scaling.label')}: ${t(`console.scaling.${props.value}`)}`}
          onClick={() => setOpen(!open)}
        >
          {t(`console.scaling.${props.value}`)}
        </MenuToggle>
      )}
    >
      <SelectList aria-label={t('console.scaling.label')}>
        {scalings.map((scaling) => (
          <SelectOption key={scaling} value={scaling}>
            {t(`console.scaling.${scaling}`)}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  )
}

/** The guest gets every key but one combination, with which the keyboard comes back to the page. */
function KeyboardExit(props: { frame: RefObject<HTMLElement | null>; onLeave: () => void; children: React.ReactNode }) {
  return (
    <div
      style={{ blockSize: '100%' }}
      onKeyDownCapture={(event) => {
        if (!(event.ctrlKey && event.altKey && event.key === 'Home')) return
        event.preventDefault()
        event.stopPropagation()
        props.onLeave()
        leaveTo(props.frame.current)
      }}
    >
      {props.children}
    </div>
  )
}

/** Moves the keyboard to the console's own controls. */
export function leaveTo(frame: HTMLElement | null): void {
  frame?.querySelector<HTMLElement>('[role="toolbar"] button')?.focus()
}
