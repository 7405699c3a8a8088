'use client'

import { Card, CardBody, CardTitle, Content, PageSection, Stack, StackItem } from '@patternfly/react-core'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useNamespaces } from '../kube/use-namespaces'
import { paths } from '../shell/paths'
import { LinkButton } from '../ui/link-button'
import { PageHeader } from '../ui/page-header'
import { LoadingView } from '../ui/views'
import { NamespaceField } from './namespace-field'

/** Pages that show something without any namespace. */
const withoutNamespace = ['access', 'connection', 'hosts', 'platform', 'catalog', 'activity']

/** Asks who has no namespace yet which ones they work in, in place of pages that would be empty. */
export function WhichNamespaces({ children }: { children: ReactNode }) {
  const cluster = useCluster()
  const pathname = usePathname()
  const { mode, names, settled } = useNamespaces()
  const page = pathname.slice(`/c/${encodeURIComponent(cluster)}/`.length).split('/')[0] ?? ''
  if (mode === 'all' || names.length > 0 || withoutNamespace.includes(page)) return children
  if (!settled) {
    return (
      <PageSection hasBodyWrapper={false} isFilled>
        <LoadingView />
      </PageSection>
    )
  }
  return <Ask />
}

function Ask() {
  const t = useT()
  const cluster = useCluster()
  return (
    <>
      <PageHeader title={t('access.which.title')} />
      <PageSection hasBodyWrapper={false} isFilled>
        <Card style={{ maxInlineSize: '40rem' }}>
          <CardTitle component="h2">{t('access.namespace.add')}</CardTitle>
          <CardBody>
            <Stack hasGutter>
              <StackItem>
                <Content component="p">{t('access.which.body')}</Content>
              </StackItem>
              <StackItem>
                <NamespaceField id="first-namespace" label={t('access.namespace.addLabel')} />
              </StackItem>
              <StackItem>
                <Content component="p">{t('access.which.ask')}</Content>
                <LinkButton variant="link" isInline href={paths.access(cluster)}>
                  {t('access.askForIt')}
                </LinkButton>
              </StackItem>
            </Stack>
          </CardBody>
        </Card>
      </PageSection>
    </>
  )
}
