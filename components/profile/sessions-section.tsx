'use client'

import { Button, Content, Label, Title } from '@patternfly/react-core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { PersonSession } from '@/contract/people'
import { type Translate, useT } from '../i18n/use-t'
import { ApiFailure, useConsoleApi } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { FailureView } from '../kube/failure-view'
import { confirm } from '../ui/confirm'
import { DataTable } from '../ui/data-table'
import type { Column } from '../ui/table-model'
import { TimeAgo } from '../ui/time-ago'
import { toast } from '../ui/toast'
import { EmptyView } from '../ui/views'
import styles from './profile.module.css'
import { describeUserAgent } from './user-agent'

const sessionsKey = ['sessions'] as const

/** Where one is signed in, and the way to end that. */
export function SessionsSection() {
  const t = useT()
  const call = useConsoleApi()
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: sessionsKey,
    // Our own gateway, agreed in contract/people.ts.
    queryFn: async () => ((await call('GET', '/auth/sessions')) as { sessions: PersonSession[] }).sessions,
  })
  const end = async (path: string) => {
    try {
      await call('DELETE', path)
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause
      toast({ variant: 'danger', title: t('profile.sessions.endFailed'), body: failureSentence(cause, t) })
    }
    await client.invalidateQueries({ queryKey: sessionsKey })
  }
  const endOthers = async () => {
    const sure = await confirm({
      title: t('profile.sessions.endOthers'),
      body: t('profile.sessions.endOthersBody'),
      confirmLabel: t('profile.sessions.endOthers'),
      danger: true,
    })
    if (sure) await end('/auth/sessions')
  }
  const others = data?.filter(({ current }) => !current).length ?? 0
  return (
    <section aria-labelledby="sessions-title">
      <div className={styles['head']}>
        <div>
          <Title id="sessions-title" headingLevel="h2" size="lg">
            {t('profile.sessions.title')}
          </Title>
          <Content component="p">{t('profile.sessions.description')}</Content>
        </div>
        <Button variant="secondary" isDanger isDisabled={others === 0} onClick={() => void endOthers()}>
          {t('profile.sessions.endOthers')}
        </Button>
      </div>
      {error instanceof ApiFailure && !data ? (
        <FailureView small failure={error} onRetry={() => void refetch()} />
      ) : (
        <DataTable<PersonSession>
          label={t('profile.sessions.title')}
          columns={sessionColumns(t)}
          rows={data ?? []}
          rowKey={({ id }) => id}
          rowName={(session) => deviceOf(session, t)}
          loading={!data}
          plain
          empty={<EmptyView small title={t('profile.sessions.none')} />}
          rowActions={(session) => [
            {
              id: 'end',
              label: t('profile.sessions.end'),
              danger: true,
              disabled: session.current ? t('profile.sessions.useSignOut') : undefined,
              run: () => void end(`/auth/sessions/${encodeURIComponent(session.id)}`),
            },
          ]}
        />
      )}
    </section>
  )
}

function deviceOf({ userAgent }: PersonSession, t: Translate): string {
  const { program, system } = describeUserAgent(userAgent)
  if (program === '') return t('profile.sessions.unknownDevice')
  return system === undefined ? program : t('profile.sessions.device', { program, system })
}

function sessionColumns(t: Translate): readonly Column<PersonSession>[] {
  return [
    {
      id: 'device',
      label: t('profile.sessions.deviceLabel'),
      width: 30,
      cell: (session) => (
        <span className={styles['row']}>
          <span title={session.userAgent}>{deviceOf(session, t)}</span>
          {session.current && (
            <Label isCompact color="blue">
              {t('profile.sessions.current')}
            </Label>
          )}
        </span>
      ),
    },
    { id: 'address', label: t('profile.sessions.address'), value: ({ address }) => address },
    { id: 'source', label: t('profile.person.source'), value: ({ source }) => t(`profile.source.${source}`) },
    {
      id: 'created',
      label: t('profile.sessions.since'),
      value: ({ createdAt }) => createdAt,
      cell: ({ createdAt }) => <TimeAgo at={createdAt} />,
    },
    {
      id: 'seen',
      label: t('profile.sessions.seen'),
      value: ({ lastSeenAt }) => lastSeenAt,
      cell: ({ lastSeenAt }) => <TimeAgo at={lastSeenAt} />,
    },
    {
      id: 'expires',
      label: t('profile.sessions.expires'),
      shown: 'wide',
      value: ({ expiresAt }) => expiresAt,
      cell: ({ expiresAt }) => <TimeAgo at={expiresAt} />,
    },
  ]
}
