'use client'

import { Card, CardBody, CardTitle, DescriptionList, PageSection } from '@patternfly/react-core'
import { SearchIcon } from '@patternfly/react-icons'
import type { LocalUser } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { FailureView } from '../kube/failure-view'
import { paths } from '../shell/paths'
import { Fact } from '../ui/fact'
import { LinkButton } from '../ui/link-button'
import { PageHeader } from '../ui/page-header'
import { ActionMenu } from '../ui/row-menu'
import { TimeAgo } from '../ui/time-ago'
import { EmptyView, LoadingView } from '../ui/views'
import { AccessSection } from './access-section'
import { AdministratorsOnly } from './administrators-only'
import { useUserActions } from './use-user-actions'
import { useUsers } from './use-users'
import { UserBadges } from './user-badges'
import styles from './users.module.css'

/** One local user, and what they may do in the clusters. */
export function UserPage({ name }: { name: string }) {
  return (
    <AdministratorsOnly>
      <Loaded name={name} />
    </AdministratorsOnly>
  )
}

function Loaded({ name }: { name: string }) {
  const t = useT()
  const { users, loaded, error, refetch } = useUsers()
  const { actionsOf, dialog } = useUserActions()
  const user = users.find((candidate) => candidate.name === name)
  return (
    <>
      <PageHeader
        title={name}
        trail={[{ label: t('users.title'), href: paths.users() }]}
        badge={user && <UserBadges user={user} />}
        description={user?.displayName || undefined}
        actions={
          user && (
            <ActionMenu
              label={t('users.actionsOf', { name })}
              text={t('users.actions')}
              actions={() => actionsOf(user)}
            />
          )
        }
      />
      <PageSection hasBodyWrapper={false} isFilled>
        {error && <FailureView failure={error} onRetry={refetch} />}
        {!error && !loaded && <LoadingView />}
        {loaded && !user && (
          <EmptyView
            icon={SearchIcon}
            title={t('users.gone', { name })}
            action={<LinkButton href={paths.users()}>{t('users.toList')}</LinkButton>}
          />
        )}
        {user && (
          <div className={styles['cards']}>
            <Details user={user} />
            <AccessSection user={user} />
          </div>
        )}
      </PageSection>
      {dialog}
    </>
  )
}

function Details({ user }: { user: LocalUser }) {
  const t = useT()
  return (
    <Card>
      <CardTitle component="h2">{t('users.details')}</CardTitle>
      <CardBody>
        <DescriptionList columnModifier={{ default: '1Col', md: '2Col', xl: '3Col' }} isCompact>
          <Fact term={t('users.column.groups')}>{user.groups.join(', ') || '–'}</Fact>
          <Fact term={t('users.column.totp')}>{t(user.totp ? 'users.totp.on' : 'users.totp.off')}</Fact>
          <Fact term={t('users.column.sessions')}>{user.sessions}</Fact>
          <Fact term={t('users.column.signedIn')}>
            {user.lastSignInAt ? <TimeAgo at={user.lastSignInAt} /> : t('users.never')}
          </Fact>
          <Fact term={t('users.column.created')}>
            <TimeAgo at={user.createdAt} />
          </Fact>
        </DescriptionList>
      </CardBody>
    </Card>
  )
}
