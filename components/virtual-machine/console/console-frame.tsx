'use client'

import {
  Alert,
  AlertActionLink,
  Button,
  Flex,
  FlexItem,
  ToggleGroup,
  ToggleGroupItem,
  Tooltip,
} from '@patternfly/react-core'
import { CompressIcon, ExpandIcon } from '@patternfly/react-icons'
import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react'
import { useT } from '../../i18n/use-t'
import type { ConsoleState } from '../../ui/console-connection'
import { StatusLabel, type Tone } from '../../ui/status-label'
import styles from './console-frame.module.css'
import type { ConsoleView } from './console-view'
import { useFullScreen } from './use-full-screen'

export interface ConsoleFrameProps {
  /** Set by the frame: where dialogs and menus go, so that they are seen in full screen too. */
  frame: RefObject<HTMLDivElement | null>
  views: readonly ConsoleView[]
  view: ConsoleView
  onView: (view: ConsoleView) => void
  state: ConsoleState
  onReconnect: () => void
  /** This console's own buttons. */
  tools: ReactNode
  /** Between the toolbar and the picture: a search, a notice. */
  above?: ReactNode
  hint: string
  children: ReactNode
}

/** What both consoles have in common: the choice between them, the state of the connection, full screen. */
export function ConsoleFrame(props: ConsoleFrameProps) {
  const { frame, views, view, onView, state, onReconnect } = props
  const t = useT()
  const { full, toggle } = useFullScreen(frame, t('console.fullScreenRefused'))
  const fullLabel = t(full ? 'console.leaveFullScreen' : 'console.fullScreen')
  return (
    <div ref={frame} className={styles['frame']} data-testid="console" data-phase={state.phase} data-view={view}>
      <div role="toolbar" aria-label={t('console.toolbar')} className={styles['toolbar']}>
        <Flex gap={{ default: 'gapSm' }} alignItems={{ default: 'alignItemsCenter' }}>
          <ToggleGroup isCompact aria-label={t('console.choose')}>
            {views.map((candidate) => (
              <ToggleGroupItem
                key={candidate}
                buttonId={`console-${candidate}`}
                text={t(candidate === 'vnc' ? 'console.vncShort' : 'console.serial')}
                aria-label={t(candidate === 'vnc' ? 'console.vnc' : 'console.serial')}
                isSelected={candidate === view}
                onChange={() => onView(candidate)}
              />
            ))}
          </ToggleGroup>
          <ConnectionLabel state={state} />
        </Flex>
        <Flex gap={{ default: 'gapXs' }} alignItems={{ default: 'alignItemsCenter' }}>
          {props.tools}
          <ToolButton label={fullLabel} icon={full ? <CompressIcon /> : <ExpandIcon />} onClick={toggle} />
        </Flex>
      </div>
      {props.above}
      <ConnectionNotice state={state} onReconnect={onReconnect} />
      <div className={styles['picture']}>{props.children}</div>
      <p className={styles['hint']}>{props.hint}</p>
    </div>
  )
}

export interface ToolButtonProps {
  label: string
  icon: ReactNode
  onClick: () => void
  isDisabled?: boolean
  /** For switches: whether it is on. */
  isPressed?: boolean
}

/** An icon that says what it does to everybody. */
export function ToolButton({ label, icon, onClick, isDisabled, isPressed }: ToolButtonProps) {
  return (
    <Tooltip content={label} aria="none">
      <Button
        variant="plain"
        size="sm"
        aria-label={label}
        icon={icon}
        onClick={onClick}
        isAriaDisabled={isDisabled ?? false}
        {...(isPressed === undefined ? {} : { 'aria-pressed': isPressed, isClicked: isPressed })}
      />
    </Tooltip>
  )
}

const tones: Record<ConsoleState['phase'], Tone> = {
  connecting: 'busy',
  open: 'good',
  waiting: 'waiting',
  closed: 'off',
}

function ConnectionLabel({ state }: { state: ConsoleState }) {
  const t = useT()
  const seconds = useSecondsUntil(state.phase === 'waiting' ? state.retryAt : undefined)
  return (
    <FlexItem role="status" data-testid="console-state">
      <StatusLabel tone={tones[state.phase]}>{t(`console.state.${state.phase}`, { seconds })}</StatusLabel>
    </FlexItem>
  )
}

/** Why there is no console, in the relay's words, and the way out. */
function ConnectionNotice({ state, onReconnect }: { state: ConsoleState; onReconnect: () => void }) {
  const t = useT()
  if (state.phase !== 'waiting' && state.phase !== 'closed') return null
  const orderly = state.code === 1000
  // 4000 and up: the HTTP status with which the cluster refused.
  const title = state.code >= 4000 ? 'console.refused' : orderly ? 'console.ended' : 'console.lost'
  return (
    <Alert
      component="p"
      isInline
      variant={state.phase === 'closed' && !orderly ? 'danger' : 'warning'}
      title={t(title)}
      actionLinks={
        <AlertActionLink onClick={onReconnect}>
          {t(state.phase === 'waiting' ? 'console.reconnectNow' : 'console.reconnect')}
        </AlertActionLink>
      }
    >
      {state.words !== '' && <p>{state.words}</p>}
      {orderly && state.phase === 'closed' && <p>{t('console.endedBody')}</p>}
    </Alert>
  )
}

/** Whole seconds until a moment, counting down; 0 without one. */
function useSecondsUntil(moment: number | undefined): number {
  const [now, setNow] = useState(() => Date.now())
  const timer = useRef<ReturnType<typeof setInterval>>(undefined)
  useEffect(() => {
    if (moment === undefined) return
    setNow(Date.now())
    timer.current = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer.current)
  }, [moment])
  return moment === undefined ? 0 : Math.max(0, Math.ceil((moment - now) / 1000))
}
