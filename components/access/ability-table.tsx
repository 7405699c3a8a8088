'use client'

import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { Fragment } from 'react'
import { type AbilityAnswer, abilityAreas, decideAbility } from '@/contract/access/abilities'
import { resourceText } from '@/contract/access/question-text'
import type { AccessRules, ResourceQuestion } from '@/contract/access/rules'
import { useT } from '../i18n/use-t'
import { useAccessTo } from '../kube/use-access'
import { StatusLabel, type Tone } from '../ui/status-label'

const tones: Record<AbilityAnswer['answer'], Tone> = { yes: 'good', partly: 'warning', no: 'off', unknown: 'unknown' }

const everyNeed: readonly ResourceQuestion[] = abilityAreas.flatMap(({ abilities }) =>
  abilities.flatMap(({ needs }) => needs),
)

/** What one may do in a namespace in people's words. Where rules do not tell, each question has been put by itself. */
export function AbilityTable({ namespace, rules }: { namespace: string; rules: AccessRules }) {
  const t = useT()
  const answerOf = useAbilityAnswers(namespace, rules)
  return (
    <Table variant="compact" borders={false} aria-label={t('access.areas', { namespace })} gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th width={40}>{t('access.column.what')}</Th>
          <Th width={15}>{t('access.column.answer')}</Th>
          <Th>{t('access.column.missing')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {abilityAreas.map((area) => (
          <Fragment key={area.id}>
            <Tr>
              <Th colSpan={3} scope="colgroup">
                <strong>{t(`access.area.${area.id}`)}</strong>
              </Th>
            </Tr>
            {area.abilities.map((ability) => {
              const { answer, missing } = answerOf(ability)
              return (
                <Tr key={ability.id}>
                  <Td dataLabel={t('access.column.what')}>{t(`access.ability.${ability.id}`)}</Td>
                  <Td dataLabel={t('access.column.answer')}>
                    <StatusLabel tone={tones[answer]}>{t(`access.answer.${answer}`)}</StatusLabel>
                  </Td>
                  {missing.length === 0 ? (
                    <Td />
                  ) : (
                    <Td dataLabel={t('access.column.missing')} modifier="breakWord">
                      {summaryOf(missing)}
                    </Td>
                  )}
                </Tr>
              )
            })}
          </Fragment>
        ))}
      </Tbody>
    </Table>
  )
}

/** Abilities by the rules; what they leave open by single reviews. */
export function useAbilityAnswers(namespace: string, rules: AccessRules) {
  const ask = useAccessTo([namespace], rules.incomplete ? everyNeed : [])
  return (ability: Parameters<typeof decideAbility>[1]): AbilityAnswer => {
    const first = decideAbility(rules, ability)
    if (first.answer !== 'unknown') return first
    // A read-only switch is told apart by what is missing: nothing.
    const answers = first.missing.map((need) => ({ need, access: ask({ ...need, namespace }) }))
    const missing = answers.filter(({ access }) => access.missing !== undefined).map(({ need }) => need)
    if (missing.length > 0) {
      return { answer: missing.length < ability.needs.length ? 'partly' : 'no', missing }
    }
    const open = answers.some(({ access }) => access.allowed === undefined)
    return open ? { answer: 'unknown', missing: [] } : { answer: 'yes', missing: [] }
  }
}

/** `get, list virtualmachines.kubevirt.io · create …`: the verbs of each resource together. */
function summaryOf(missing: readonly ResourceQuestion[]): string {
  const verbs = new Map<string, string[]>()
  for (const question of missing) {
    const what = resourceText(question)
    verbs.set(what, [...(verbs.get(what) ?? []), question.verb])
  }
  return [...verbs].map(([what, asked]) => `${asked.join(', ')} ${what}`).join(' · ')
}
