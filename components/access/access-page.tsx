'use client'

import {
  Alert,
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  ExpandableSection,
  Grid,
  GridItem,
  Label,
  LabelGroup,
  PageSection,
  Stack,
  StackItem,
} from '@patternfly/react-core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { readQuestion } from '@/contract/access/question-text'
import type { AccessRules, ResourceQuestion } from '@/contract/access/rules'
import { useT } from '../i18n/use-t'
import { rulesQuery } from '../kube/access-queries'
import { ApiFailure, useKubeApi } from '../kube/api'
import { useCluster } from '../kube/cluster'
import { FailureView } from '../kube/failure-view'
import { useSession } from '../kube/session'
import { useWhoAmI } from '../kube/use-access'
import { useNamespaces } from '../kube/use-namespaces'
import { useReadOnly } from '../kube/use-read-only'
import { useAddressQuery } from '../shell/use-address-query'
import { Fact } from '../ui/fact'
import { FilterSelect } from '../ui/filter-select'
import { PageHeader } from '../ui/page-header'
import { LoadingView } from '../ui/views'
import { AbilityTable } from './ability-table'
import { NamespaceField } from './namespace-field'
import { RequestCard } from './request-card'
import { RulesTable } from './rules-table'

/** What the signed-in person may do in this cluster, and the text that asks for more. */
export function AccessPage() {
  const t = useT()
  const address = useAddressQuery()
  const { names, chosen, mode } = useNamespaces()
  const asked = address.get('namespace')
  const need = readQuestion(address.get('need'))
  const namespace = asked !== '' ? asked : (chosen ?? firstOf(names))
  const choose = (value: string) => address.set({ namespace: value, need: '' })
  return (
    <>
      <PageHeader
        title={t('access.title')}
        description={t('access.description')}
        actions={
          names.length > 0 && (
            <FilterSelect
              label={t('access.namespace.label')}
              allLabel={namespace}
              value={namespace}
              onChange={(value) => value !== '' && choose(value)}
              choices={names.filter((name) => name !== '').map((name) => ({ value: name, label: name }))}
            />
          )
        }
      />
      <PageSection hasBodyWrapper={false} isFilled>
        <Stack hasGutter>
          <ReadOnlyNotice />
          <StackItem>
            <Who />
          </StackItem>
          {mode === 'some' && (
            <StackItem style={{ maxInlineSize: '28rem' }}>
              <NamespaceField id="access-namespace" label={t('access.namespace.add')} onAdded={choose} />
            </StackItem>
          )}
          {/* What is asked for in the whole cluster needs no namespace. */}
          {need && asked === '' && (
            <StackItem>
              <RequestCard missing={[need]} need />
            </StackItem>
          )}
          <StackItem isFilled>
            <InNamespace namespace={namespace} need={asked === '' ? undefined : need} />
          </StackItem>
        </Stack>
      </PageSection>
    </>
  )
}

/** `default`, else the first that is no part of the system. */
function firstOf(names: readonly string[]): string {
  if (names.length === 0 || names.includes('default')) return 'default'
  return names.find((name) => !/^(kube-|chiave-system$)/.test(name)) ?? 'default'
}

function ReadOnlyNotice() {
  const t = useT()
  const { readOnly, reason } = useReadOnly()
  if (!readOnly) return null
  return (
    <StackItem>
      <Alert component="p" isInline variant="info" title={t('access.readOnly')}>
        {reason}
      </Alert>
    </StackItem>
  )
}

function Who() {
  const t = useT()
  const { user, groups } = useSession()
  const who = useWhoAmI()
  return (
    <Card isCompact>
      <CardTitle component="h2">{t('access.who.title')}</CardTitle>
      <CardBody>
        <DescriptionList isHorizontal isCompact>
          {who && who.user !== user && <Fact term={t('access.who.signedIn')}>{user}</Fact>}
          <Fact term={t('access.who.user')}>{who ? <code>{who.user}</code> : t('access.who.unknown')}</Fact>
          <Fact term={t('access.who.groups')}>
            <LabelGroup numLabels={8} aria-label={t('access.who.groups')}>
              {(who?.groups ?? groups).map((group) => (
                <Label key={group} isCompact variant="outline">
                  {group}
                </Label>
              ))}
            </LabelGroup>
          </Fact>
        </DescriptionList>
      </CardBody>
    </Card>
  )
}

function InNamespace({ namespace, need }: { namespace: string; need: ResourceQuestion | undefined }) {
  const t = useT()
  const api = useKubeApi()
  const cluster = useCluster()
  const { data, error, isPending, refetch } = useQuery(rulesQuery(api, cluster, namespace))
  if (isPending) return <LoadingView lines={8} />
  if (error instanceof ApiFailure) return <FailureView failure={error} onRetry={() => void refetch()} />
  // Without rules every question is asked by itself: all of it is open.
  const rules: AccessRules = data ?? { resourceRules: [], nonResourceRules: [], incomplete: true }
  return (
    <NamespaceAccess
      key={namespace}
      namespace={namespace}
      rules={rules}
      need={need}
      title={t('access.areas', { namespace })}
    />
  )
}

interface NamespaceAccessProps {
  namespace: string
  rules: AccessRules
  need: ResourceQuestion | undefined
  title: string
}

function NamespaceAccess({ namespace, rules, need, title }: NamespaceAccessProps) {
  const t = useT()
  const [open, setOpen] = useState(false)
  return (
    <Grid hasGutter>
      <GridItem lg={12} xl={7}>
        <Stack hasGutter>
          {rules.incomplete && (
            <StackItem>
              <Alert component="p" isInline isPlain variant="info" title={t('access.incomplete')}>
                {rules.evaluationError}
              </Alert>
            </StackItem>
          )}
          <StackItem>
            <Card isCompact>
              <CardTitle component="h2">{title}</CardTitle>
              <CardBody>
                <AbilityTable namespace={namespace} rules={rules} />
              </CardBody>
            </Card>
          </StackItem>
        </Stack>
      </GridItem>
      <GridItem lg={12} xl={5}>
        <RequestCard namespace={namespace} rules={rules} {...(need ? { missing: [need], need: true } : {})} />
      </GridItem>
      <GridItem span={12}>
        <ExpandableSection
          toggleText={t('access.rules.title')}
          isExpanded={open}
          onToggle={(_event, expanded) => setOpen(expanded)}
        >
          {open && <RulesTable rules={rules} />}
        </ExpandableSection>
      </GridItem>
    </Grid>
  )
}
