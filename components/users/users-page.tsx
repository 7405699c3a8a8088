'use client'

import { Button, PageSection } from '@patternfly/react-core'
import { UsersIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { useState } from 'react'
import type { LocalUser } from '@/contract/people'
import { type Translate, useT } from '../i18n/use-t'
import { FailureView } from '../kube/failure-view'
import { paths } from '../shell/paths'
import { useTableAddress } from '../shell/use-address-query'
import { DataTable } from '../ui/data-table'
import { PageHeader } from '../ui/page-header'
import type { Column } from '../ui/table-model'
import { TimeAgo, useNow } from '../ui/time-ago'
import { EmptyView } from '../ui/views'
import { AdministratorsOnly } from './administrators-only'
import { CreateUser } from './create-user'
import { useUserActions } from './use-user-actions'
import { useUsers } from './use-users'
import { UserBadges } from './user-badges'
import { userStateOf } from './user-state'

/** The people whose passwords this console keeps. */
export function UsersPage() {
  return (
    <AdministratorsOnly>
      <Users />
    </AdministratorsOnly>
  )
}

function Users() {
  const t = useT()
  const now = useNow()
  const { users, loaded, error, refetch } = useUsers()
  const query = useTableAddress()
  const { actionsOf, dialog } = useUserActions()
  const [creating, setCreating] = useState(false)
  const create = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      {t('users.create')}
    </Button>
  )
  return (
    <>
      <PageHeader title={t('users.title')} description={t('users.description')} actions={create} />
      <PageSection hasBodyWrapper={false} isFilled>
        {error ? (
          <FailureView failure={error} onRetry={refetch} />
        ) : (
          <DataTable<LocalUser>
            label={t('users.title')}
            columns={userColumns(t, now)}
            rows={users}
            rowKey={({ name }) => name}
            rowName={({ name }) => name}
            loading={!loaded}
            initialSort={{ column: 'name', direction: 'asc' }}
            query={query}
            empty={<EmptyView icon={UsersIcon} title={t('users.none.title')} body={t('users.none.body')} />}
            rowActions={actionsOf}
          />
        )}
      </PageSection>
      {creating && <CreateUser taken={users.map(({ name }) => name)} onClose={() => setCreating(false)} />}
      {dialog}
    </>
  )
}

function userColumns(t: Translate, now: number): readonly Column<LocalUser>[] {
  return [
    {
      id: 'name',
      label: t('users.column.name'),
      width: 25,
      value: ({ name, displayName }) => `${name} ${displayName}`.trim(),
      cell: ({ name, displayName }) => (
        <>
          <Link href={paths.user(name)}>{name}</Link>
          {displayName !== '' && <div>{displayName}</div>}
        </>
      ),
    },
    {
      id: 'state',
      label: t('users.column.state'),
      value: (user) => t(`users.state.${userStateOf(user, now)}`),
      cell: (user) => <UserBadges user={user} />,
    },
    {
      id: 'groups',
      label: t('users.column.groups'),
      shown: 'wide',
      value: ({ groups }) => groups.join(', ') || undefined,
      cell: ({ groups }) => groups.join(', ') || '–',
    },
    {
      id: 'totp',
      label: t('users.column.totp'),
      value: ({ totp }) => t(totp ? 'users.totp.on' : 'users.totp.off'),
    },
    {
      id: 'sessions',
      label: t('users.column.sessions'),
      shown: 'widest',
      searchable: false,
      value: ({ sessions }) => sessions,
    },
    {
      id: 'signedIn',
      label: t('users.column.signedIn'),
      searchable: false,
      value: ({ lastSignInAt }) => lastSignInAt,
      cell: ({ lastSignInAt }) => (lastSignInAt ? <TimeAgo at={lastSignInAt} /> : t('users.never')),
    },
  ]
}
