'use client'

import { Alert, Card, CardBody, CardTitle, Content, FormSelect, FormSelectOption } from '@patternfly/react-core'
import { useMemo, useState } from 'react'
import type { LocalUser } from '@/contract/people'
import { type Translate, useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { ClusterProvider, useCluster } from '../kube/cluster'
import { failureSentence } from '../kube/errors'
import { useSession } from '../kube/session'
import { confirm } from '../ui/confirm'
import { DataTable } from '../ui/data-table'
import type { Column } from '../ui/table-model'
import { toast } from '../ui/toast'
import { EmptyView } from '../ui/views'
import { GrantForm } from './grant-form'
import type { Grant, Grantee } from './grants'
import { useGranting, useGrants } from './use-grants'
import styles from './users.module.css'

/** What a user may do in the clusters, by roles that are bound to them or their groups. */
export function AccessSection({ user }: { user: LocalUser }) {
  const t = useT()
  const { clusters } = useSession()
  const [cluster, setCluster] = useState(clusters[0]?.name ?? '')
  return (
    <Card>
      <CardTitle component="div">
        <div className={styles['head']}>
          <h2>{t('users.access.title')}</h2>
          {clusters.length > 1 && (
            <FormSelect
              aria-label={t('users.access.cluster')}
              value={cluster}
              onChange={(_event, value) => setCluster(value)}
              style={{ maxInlineSize: '16rem' }}
            >
              {clusters.map(({ name, displayName }) => (
                <FormSelectOption key={name} value={name} label={displayName} />
              ))}
            </FormSelect>
          )}
        </div>
      </CardTitle>
      <CardBody>
        {cluster === '' ? (
          <EmptyView small title={t('shell.noCluster.title')} body={t('shell.noCluster.body')} />
        ) : (
          <ClusterProvider cluster={cluster} key={cluster}>
            <ClusterAccess user={user} />
          </ClusterProvider>
        )}
      </CardBody>
    </Card>
  )
}

function ClusterAccess({ user }: { user: LocalUser }) {
  const t = useT()
  const cluster = useCluster()
  const grantees = useMemo<Grantee[]>(
    () => [{ kind: 'User', name: user.name }, ...user.groups.map((name) => ({ kind: 'Group' as const, name }))],
    [user.name, user.groups],
  )
  const { grants, namespaces, loaded, errors } = useGrants(grantees)
  const { take } = useGranting()
  const remove = async (grant: Grant) => {
    const sure = await confirm({
      title: t('users.access.removeTitle', { role: grant.role, who: grant.to.name }),
      body: t(grant.to.kind === 'Group' ? 'users.access.removeGroupBody' : 'users.access.removeBody'),
      confirmLabel: t('users.access.remove'),
      danger: true,
    })
    if (!sure) return
    try {
      await take(grant)
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause
      toast({ variant: 'danger', title: t('users.access.removeFailed'), body: failureSentence(cause, t) })
    }
  }
  return (
    <>
      <Content component="p">{t('users.access.description')}</Content>
      {user.administrator && (
        <Alert
          isInline
          isPlain
          component="p"
          variant="info"
          variantLabel={t('ui.variant.info')}
          title={t('users.access.administrator')}
        />
      )}
      {errors.map((failure) => (
        <Alert
          key={failure.message}
          isInline
          component="p"
          variant="warning"
          variantLabel={t('ui.variant.warning')}
          title={failureSentence(failure, t)}
        />
      ))}
      <GrantForm key={cluster} grantees={grantees} namespaces={namespaces} />
      <DataTable<Grant>
        label={t('users.access.title')}
        columns={grantColumns(t)}
        rows={grants}
        rowKey={({ binding, to }) =>
          [binding.kind, binding.metadata.namespace, binding.metadata.name, to.kind, to.name].join('/')
        }
        rowName={({ role, namespace }) => `${role} ${namespace ?? ''}`.trim()}
        loading={!loaded}
        plain
        empty={<EmptyView small title={t('users.access.none')} body={t('users.access.noneBody')} />}
        rowActions={(grant) => [
          { id: 'remove', label: t('users.access.remove'), danger: true, run: () => void remove(grant) },
        ]}
      />
    </>
  )
}

function grantColumns(t: Translate): readonly Column<Grant>[] {
  return [
    { id: 'role', label: t('users.access.role'), width: 25, value: ({ role }) => role },
    {
      id: 'where',
      label: t('users.access.where'),
      value: ({ namespace }) => namespace ?? t('users.access.everywhere'),
    },
    {
      id: 'who',
      label: t('users.access.who'),
      value: ({ to }) => t(to.kind === 'User' ? 'users.access.themselves' : 'users.access.group', { name: to.name }),
    },
    {
      id: 'binding',
      label: t('users.access.binding'),
      shown: 'wide',
      long: true,
      value: ({ binding }) => binding.metadata.name,
    },
  ]
}
