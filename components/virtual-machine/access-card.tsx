'use client'

import { Alert, Button, Content, DescriptionList, Flex, Tooltip } from '@patternfly/react-core'
import { EyeIcon, EyeSlashIcon } from '@patternfly/react-icons'
import type { ReactNode } from 'react'
import { AskLink } from '../access/ask-link'
import { useT } from '../i18n/use-t'
import { failureSentence } from '../kube/errors'
import { type Access, useAccess } from '../kube/use-access'
import { CopyButton } from '../ui/copy-button'
import { Fact } from '../ui/fact'
import type { Machine } from './machine'
import { type GuestAccessState, useGuestAccess, userDataSecret } from './use-guest-access'

/**
 * How one logs in to the guest: what its Secret says, read only on request. `compact` is one line for the console.
 * Draws nothing when compact and there is nothing to say.
 */
export function AccessInfo({ machine, compact }: { machine: Machine; compact?: boolean }) {
  const t = useT()
  const secretName = userDataSecret(machine)
  if (secretName === undefined) return compact ? null : <Content component="p">{t('machine.access.none')}</Content>
  return <SecretAccess machine={machine} secretName={secretName} compact={compact ?? false} />
}

function SecretAccess(props: { machine: Machine; secretName: string; compact: boolean }) {
  const { machine, secretName, compact } = props
  const t = useT()
  const { state, show, hide } = useGuestAccess(machine, secretName)
  const permission = useAccess({
    verb: 'get',
    group: '',
    resource: 'secrets',
    namespace: machine.vm.metadata.namespace ?? '',
    name: secretName,
  })
  const button = <ShowButton state={state} permission={permission} onShow={show} onHide={hide} />
  return (
    <div data-testid="guest-access">
      {state.phase === 'shown' ? (
        <Flex alignItems={{ default: 'alignItemsCenter' }}>
          <Credentials state={state} compact={compact} />
          {button}
        </Flex>
      ) : (
        <Flex alignItems={{ default: 'alignItemsCenter' }}>
          {compact && <span>{t('machine.card.access')}</span>}
          {button}
        </Flex>
      )}
      {state.phase === 'failed' && (
        <Alert component="p" isInline variant="danger" title={t('machine.access.refused')}>
          {failureSentence(state.failure, t)}
        </Alert>
      )}
      {state.phase === 'unreadable' && (
        <Alert component="p" isInline variant="info" title={t('machine.access.unreadable')} />
      )}
      {!compact && <Content component="small">{t('machine.access.first')}</Content>}
    </div>
  )
}

function ShowButton(props: { state: GuestAccessState; permission: Access; onShow: () => void; onHide: () => void }) {
  const { state, permission, onShow, onHide } = props
  const t = useT()
  const allowed = permission.allowed !== false
  const shown = state.phase === 'shown'
  const button = (
    <Button
      variant="link"
      isInline
      icon={shown ? <EyeSlashIcon /> : <EyeIcon />}
      isAriaDisabled={!allowed}
      isLoading={state.phase === 'reading'}
      onClick={shown ? onHide : onShow}
    >
      {t(shown ? 'machine.access.hide' : 'machine.access.show')}
    </Button>
  )
  return allowed ? (
    button
  ) : (
    <>
      <Tooltip content={[t('machine.access.forbidden'), permission.reason].filter(Boolean).join(' ')}>{button}</Tooltip>
      <AskLink missing={permission.missing} />
    </>
  )
}

function Credentials(props: { state: Extract<GuestAccessState, { phase: 'shown' }>; compact: boolean }) {
  const t = useT()
  const { user, password, sshKeys } = props.state.access
  const rows: [string, ReactNode][] = [
    [
      t('machine.access.user'),
      <Copyable key="user" id="guest-user" text={user} label={t('machine.access.copyUser')} />,
    ],
    [
      t('machine.access.password'),
      password === undefined ? (
        t('machine.access.noPassword')
      ) : (
        <Copyable key="password" id="guest-password" text={password} label={t('machine.access.copyPassword')} />
      ),
    ],
  ]
  if (sshKeys.length > 0) rows.push([t('machine.access.keysLabel'), sshKeys.map(nameOfKey).join(', ')])
  if (props.compact) {
    return rows.map(([term, value]) => (
      <span key={term}>
        {term}: {value}
      </span>
    ))
  }
  return (
    <DescriptionList isHorizontal isCompact>
      {rows.map(([term, value]) => (
        <Fact key={term} term={term}>
          {value}
        </Fact>
      ))}
    </DescriptionList>
  )
}

function Copyable({ id, text, label }: { id: string; text: string; label: string }) {
  return (
    <>
      <code data-testid={id}>{text}</code> <CopyButton text={text} label={label} />
    </>
  )
}

/** The comment of a public key, else its beginning. */
function nameOfKey(key: string): string {
  return key.split(/\s+/).slice(2).join(' ') || key.slice(0, 24)
}
