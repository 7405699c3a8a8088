'use client'

import { Button, Content, Label } from '@patternfly/react-core'
import { KeyIcon } from '@patternfly/react-icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { PersonApiToken } from '@/contract/people'
import { type Translate, useT } from '../i18n/use-t'
import { ApiFailure, useConsoleApi } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { FailureView } from '../kube/failure-view'
import { confirm } from '../ui/confirm'
import { DataTable } from '../ui/data-table'
import { StatusLabel } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { TimeAgo, useNow } from '../ui/time-ago'
import { toast } from '../ui/toast'
import { EmptyView } from '../ui/views'
import { CreateApiToken } from './create-api-token'
import styles from './profile.module.css'

const tokensKey = ['api-tokens'] as const

/** Tokens with which one's own programs act in one's name. */
export function ApiTokensTab() {
  const t = useT()
  const now = useNow()
  const call = useConsoleApi()
  const client = useQueryClient()
  const [creating, setCreating] = useState(false)
  const { data, error, refetch } = useQuery({
    queryKey: tokensKey,
    // Our own gateway, agreed in contract/people.ts.
    queryFn: async () => ((await call('GET', '/auth/api-tokens')) as { tokens: PersonApiToken[] }).tokens,
  })
  const changed = () => client.invalidateQueries({ queryKey: tokensKey })
  const revoke = async ({ id, name }: PersonApiToken) => {
    const sure = await confirm({
      title: t('profile.tokens.revokeTitle', { name }),
      body: t('profile.tokens.revokeBody'),
      confirmLabel: t('profile.tokens.revoke'),
      danger: true,
    })
    if (!sure) return
    try {
      await call('DELETE', `/auth/api-tokens/${encodeURIComponent(id)}`)
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause
      toast({ variant: 'danger', title: t('profile.tokens.revokeFailed'), body: failureSentence(cause, t) })
    }
    await changed()
  }
  if (error instanceof ApiFailure && !data) return <FailureView failure={error} onRetry={() => void refetch()} />
  const create = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      {t('profile.tokens.create')}
    </Button>
  )
  return (
    <>
      {data && data.length > 0 && (
        <div className={styles['head']}>
          <Content component="p">{t('profile.tokens.description')}</Content>
          {create}
        </div>
      )}
      <DataTable<PersonApiToken>
        label={t('profile.tab.tokens')}
        columns={tokenColumns(t, now)}
        rows={data ?? []}
        rowKey={({ id }) => id}
        rowName={({ name }) => name}
        loading={!data}
        plain
        empty={
          <EmptyView
            icon={KeyIcon}
            title={t('profile.tokens.none')}
            body={t('profile.tokens.description')}
            action={create}
          />
        }
        rowActions={(token) => [
          { id: 'revoke', label: t('profile.tokens.revoke'), danger: true, run: () => void revoke(token) },
        ]}
      />
      {creating && <CreateApiToken onCreated={() => void changed()} onClose={() => setCreating(false)} />}
    </>
  )
}

function tokenColumns(t: Translate, now: number): readonly Column<PersonApiToken>[] {
  return [
    { id: 'name', label: t('profile.tokens.name'), width: 25, value: ({ name }) => name },
    {
      id: 'scope',
      label: t('profile.tokens.scope'),
      cell: ({ readOnly }) => (
        <Label isCompact variant="outline" color={readOnly ? 'green' : 'orange'}>
          {t(readOnly ? 'profile.tokens.readOnly' : 'profile.tokens.everything')}
        </Label>
      ),
    },
    {
      id: 'expires',
      label: t('profile.tokens.expires'),
      value: ({ expiresAt }) => expiresAt,
      cell: ({ expiresAt }) =>
        Date.parse(expiresAt) <= now ? (
          <StatusLabel tone="bad">{t('profile.tokens.expired')}</StatusLabel>
        ) : (
          <TimeAgo at={expiresAt} />
        ),
    },
    {
      id: 'used',
      label: t('profile.tokens.used'),
      value: ({ lastUsedAt }) => lastUsedAt,
      cell: ({ lastUsedAt }) => (lastUsedAt ? <TimeAgo at={lastUsedAt} /> : t('profile.tokens.never')),
    },
    {
      id: 'created',
      label: t('profile.tokens.created'),
      shown: 'wide',
      value: ({ createdAt }) => createdAt,
      cell: ({ createdAt }) => <TimeAgo at={createdAt} />,
    },
  ]
}
