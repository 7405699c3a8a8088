'use client'

import { Content } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { AccessRules } from '@/contract/access/rules'
import { useT } from '../i18n/use-t'

/** The rules as the cluster's API gave them. */
export function RulesTable({ rules }: { rules: AccessRules }) {
  const t = useT()
  const { resourceRules, nonResourceRules } = rules
  if (resourceRules.length + nonResourceRules.length === 0)
    return <Content component="p">{t('access.rules.none')}</Content>
  const words = (list: readonly string[] | undefined) =>
    (list ?? []).map((word) => (word === '*' ? t('access.rules.all') : word === '' ? 'core' : word)).join(', ')
  return (
    <Table variant="compact" aria-label={t('access.rules.title')} gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th width={35}>{t('access.rules.resources')}</Th>
          <Th width={20}>{t('access.rules.groups')}</Th>
          <Th width={25}>{t('access.rules.verbs')}</Th>
          <Th>{t('access.rules.names')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {resourceRules.map((rule) => (
          <Tr key={JSON.stringify(rule)}>
            <Td dataLabel={t('access.rules.resources')} modifier="breakWord">
              {words(rule.resources)}
            </Td>
            <Td dataLabel={t('access.rules.groups')} modifier="breakWord">
              {words(rule.apiGroups)}
            </Td>
            <Td dataLabel={t('access.rules.verbs')}>{words(rule.verbs)}</Td>
            <Td dataLabel={t('access.rules.names')} modifier="breakWord">
              {words(rule.resourceNames)}
            </Td>
          </Tr>
        ))}
        {nonResourceRules.map((rule) => (
          <Tr key={JSON.stringify(rule)}>
            <Td dataLabel={t('access.rules.resources')} modifier="breakWord">
              {words(rule.nonResourceURLs)}
            </Td>
            <Td dataLabel={t('access.rules.groups')}>–</Td>
            <Td dataLabel={t('access.rules.verbs')}>{words(rule.verbs)}</Td>
            <Td dataLabel={t('access.rules.names')}>–</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}
