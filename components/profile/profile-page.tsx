'use client'

import { PageSection } from '@patternfly/react-core'
import { useRouter } from 'next/navigation'
import { useT } from '../i18n/use-t'
import { useSession } from '../kube/session'
import { paths } from '../shell/paths'
import { PageHeader } from '../ui/page-header'
import { PageTabs } from '../ui/page-tabs'
import { ApiTokensTab } from './api-tokens-tab'
import { GeneralTab } from './general-tab'
import { SecurityTab } from './security-tab'
import { SshKeysTab } from './ssh-keys-tab'

const tabs = ['general', 'ssh-keys', 'security', 'tokens'] as const
type ProfileTab = (typeof tabs)[number]

const hrefOf = (tab: ProfileTab) => paths.profile(tab === 'general' ? undefined : tab)

/** The part of the page that the tabs exchange. */
const panelId = 'profile-tab'

/** What a person keeps and sets about themselves. `tab` as the address says; anything unknown is the first. */
export function ProfilePage({ tab }: { tab?: string | undefined }) {
  const t = useT()
  const router = useRouter()
  const { user } = useSession()
  const current = tabs.find((candidate) => candidate === tab) ?? 'general'
  return (
    <>
      <PageHeader title={t('profile.title')} description={t('profile.description', { user })} />
      <PageTabs
        {...{ tabs, current, hrefOf, panelId }}
        label={t('profile.tab.label')}
        titleOf={(target) => t(`profile.tab.${target}`)}
        onShow={(target) => router.push(hrefOf(target))}
      />
      <PageSection hasBodyWrapper={false} isFilled id={panelId}>
        {current === 'general' && <GeneralTab />}
        {current === 'ssh-keys' && <SshKeysTab />}
        {current === 'security' && <SecurityTab />}
        {current === 'tokens' && <ApiTokensTab />}
      </PageSection>
    </>
  )
}
