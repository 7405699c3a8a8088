'use client'

import { Button, Content } from '@patternfly/react-core'
import { KeyIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import { readSshPublicKey } from '@/contract/cloud-init/ssh-public-key'
import type { Profile } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { FailureView } from '../kube/failure-view'
import { useProfile, useProfileChange } from '../kube/use-profile'
import { confirm } from '../ui/confirm'
import { DataTable } from '../ui/data-table'
import type { Column } from '../ui/table-model'
import { toast } from '../ui/toast'
import { EmptyView } from '../ui/views'
import { Fingerprint } from './fingerprint'
import styles from './profile.module.css'
import { AddSshKey, RenameSshKey } from './ssh-key-dialogs'

type SshKey = Profile['sshKeys'][number]

/** The public keys that new machines can let in. */
export function SshKeysTab() {
  const t = useT()
  const { profile, error } = useProfile()
  const { change } = useProfileChange()
  const [adding, setAdding] = useState(false)
  const [renaming, setRenaming] = useState<SshKey>()
  if (error && !profile) return <FailureView failure={error} />
  const keys = profile?.sshKeys ?? []
  const remove = async ({ name, key }: SshKey) => {
    const sure = await confirm({
      title: t('profile.keys.removeTitle', { name }),
      body: t('profile.keys.removeBody'),
      confirmLabel: t('profile.keys.remove'),
      danger: true,
    })
    if (!sure) return
    try {
      await change((now) => ({ ...now, sshKeys: now.sshKeys.filter((other) => other.key !== key) }))
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause
      toast({ variant: 'danger', title: t('profile.keys.removeFailed'), body: failureSentence(cause, t) })
    }
  }
  const add = (
    <Button variant="primary" onClick={() => setAdding(true)}>
      {t('profile.keys.add')}
    </Button>
  )
  return (
    <>
      {keys.length > 0 && (
        <div className={styles['head']}>
          <Content component="p">{t('profile.keys.description')}</Content>
          {add}
        </div>
      )}
      <DataTable<SshKey>
        label={t('profile.tab.ssh-keys')}
        columns={keyColumns(t)}
        rows={keys}
        rowKey={({ key }) => key}
        rowName={({ name }) => name}
        loading={profile === undefined}
        plain
        empty={
          <EmptyView icon={KeyIcon} title={t('profile.keys.none')} body={t('profile.keys.description')} action={add} />
        }
        rowActions={(key) => [
          { id: 'rename', label: t('profile.keys.rename'), run: () => setRenaming(key) },
          { id: 'remove', label: t('profile.keys.remove'), danger: true, run: () => void remove(key) },
        ]}
      />
      {adding && <AddSshKey known={keys} onClose={() => setAdding(false)} />}
      {renaming && <RenameSshKey sshKey={renaming} onClose={() => setRenaming(undefined)} />}
    </>
  )
}

function keyColumns(t: ReturnType<typeof useT>): readonly Column<SshKey>[] {
  return [
    { id: 'name', label: t('profile.keys.name'), width: 25, value: ({ name }) => name },
    { id: 'type', label: t('profile.keys.type'), width: 20, value: ({ key }) => keyTypeOf(key) },
    {
      id: 'fingerprint',
      label: t('profile.keys.fingerprint'),
      long: true,
      cell: ({ key }) => <Fingerprint of={key} />,
    },
  ]
}

function keyTypeOf(key: string): string {
  const read = readSshPublicKey(key)
  return typeof read === 'string' ? '–' : read.type
}
