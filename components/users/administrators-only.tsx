'use client'

import { PageSection } from '@patternfly/react-core'
import { LockIcon } from '@patternfly/react-icons'
import type { ReactNode } from 'react'
import { useT } from '../i18n/use-t'
import { useSession } from '../kube/session'
import { paths } from '../shell/paths'
import { LinkButton } from '../ui/link-button'
import { PageHeader } from '../ui/page-header'
import { EmptyView } from '../ui/views'

/** Shows the page to the console's administrators, and to others why they do not see it. */
export function AdministratorsOnly({ children }: { children: ReactNode }) {
  const t = useT()
  const { administrator } = useSession()
  if (administrator) return children
  return (
    <>
      <PageHeader title={t('users.title')} />
      <PageSection hasBodyWrapper={false} isFilled>
        <EmptyView
          icon={LockIcon}
          title={t('users.notYours.title')}
          body={t('users.notYours.body')}
          action={<LinkButton href={paths.profile()}>{t('users.notYours.profile')}</LinkButton>}
        />
      </PageSection>
    </>
  )
}
