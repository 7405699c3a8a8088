'use client'

import {
  Card,
  CardBody,
  CardTitle,
  CodeBlock,
  CodeBlockCode,
  Content,
  Flex,
  Stack,
  StackItem,
} from '@patternfly/react-core'
import { type Ability, abilityAreas, decideAbility } from '@/contract/access/abilities'
import { bindCommand, printAccessRequest } from '@/contract/access/ask-for-access'
import { resourceText } from '@/contract/access/question-text'
import type { AccessRules, ResourceQuestion } from '@/contract/access/rules'
import { type Translate, useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useSession } from '../kube/session'
import { useWhoAmI } from '../kube/use-access'
import { CopyButton } from '../ui/copy-button'

export interface RequestCardProps {
  /** Left out: the whole cluster. */
  namespace?: string
  rules?: AccessRules
  /** Exactly what is asked for; left out: everything that `rules` do not allow. */
  missing?: readonly ResourceQuestion[]
  /** It is a single permission that brought the person here. */
  need?: boolean
}

/** The text and the manifest that ask an administrator for what is missing. */
export function RequestCard({ namespace, rules, missing, need = false }: RequestCardProps) {
  const t = useT()
  const cluster = useCluster()
  const session = useSession()
  const user = useWhoAmI()?.user ?? session.user
  const displayName = session.clusters.find(({ name }) => name === cluster)?.displayName ?? cluster
  const wishes = missing ? wishesOf(missing) : lackingOf(rules)
  const questions = missing ?? wishes.flatMap(({ lacking }) => lacking)
  if (questions.length === 0) {
    return (
      <RequestFrame>
        <Content component="p">{t('access.request.nothing')}</Content>
      </RequestFrame>
    )
  }
  const manifest = printAccessRequest({ namespace, user, questions })
  const role = need || !namespace ? undefined : highestRole(wishes)
  const text = requestText({ namespace, cluster: displayName, user, wishes, role, manifest }, t)
  return (
    <RequestFrame>
      <Stack hasGutter>
        <StackItem>
          <Content component="p">{t('access.request.body')}</Content>
        </StackItem>
        <StackItem>
          <Copyable
            title={t('access.request.text')}
            copy={t('access.request.copy')}
            text={text}
            testId="access-request"
          />
        </StackItem>
        <StackItem>
          <Copyable
            title={t('access.request.manifest')}
            copy={t('access.request.copyManifest')}
            text={manifest}
            testId="access-manifest"
          />
        </StackItem>
      </Stack>
    </RequestFrame>
  )
}

function RequestFrame({ children }: { children: React.ReactNode }) {
  const t = useT()
  return (
    <Card isCompact>
      <CardTitle component="h2">{t('access.request.title')}</CardTitle>
      <CardBody>{children}</CardBody>
    </Card>
  )
}

function Copyable({ title, copy, text, testId }: { title: string; copy: string; text: string; testId: string }) {
  return (
    <>
      <Flex justifyContent={{ default: 'justifyContentSpaceBetween' }} alignItems={{ default: 'alignItemsCenter' }}>
        <Content component="h3">{title}</Content>
        <CopyButton text={text} label={copy} />
      </Flex>
      <CodeBlock>
        <div style={{ maxBlockSize: '18rem', overflow: 'auto' }} role="group" aria-label={title} tabIndex={0}>
          <CodeBlockCode data-testid={testId}>{text}</CodeBlockCode>
        </div>
      </CodeBlock>
    </>
  )
}

/** Something a person wants and the permissions it lacks. */
interface Wish {
  ability?: Ability
  lacking: readonly ResourceQuestion[]
}

function lackingOf(rules: AccessRules | undefined): Wish[] {
  if (!rules || rules.incomplete) return []
  return abilityAreas
    .flatMap(({ abilities }) => abilities)
    .map((ability) => ({ ability, lacking: decideAbility(rules, ability).missing }))
    .filter(({ ability, lacking }) => lacking.length > 0 && ability.id !== 'people.grant')
}

/** The abilities that a single permission is a part of; the permission itself where it is part of none. */
function wishesOf(missing: readonly ResourceQuestion[]): Wish[] {
  return missing.map((question) => {
    const ability = abilityAreas
      .flatMap(({ abilities }) => abilities)
      .find(({ needs }) => needs.some((need) => isSame(need, question)))
    return { ...(ability ? { ability } : {}), lacking: [question] }
  })
}

function isSame(a: ResourceQuestion, b: ResourceQuestion): boolean {
  return a.verb === b.verb && resourceText(a) === resourceText(b)
}

const order = ['view', 'edit', 'admin'] as const

/** The least of the roles that bring it all. */
function highestRole(wishes: readonly Wish[]): (typeof order)[number] {
  const levels = wishes.map(({ ability }) => order.indexOf(ability?.role ?? 'view'))
  return order[Math.max(0, ...levels)] ?? 'edit'
}

interface RequestParts {
  namespace: string | undefined
  cluster: string
  user: string
  wishes: readonly Wish[]
  role: string | undefined
  manifest: string
}

function requestText({ namespace, cluster, user, wishes, role, manifest }: RequestParts, t: Translate): string {
  const lines = [
    t('access.request.hello', { cluster, user }),
    namespace ? t('access.request.want', { namespace }) : t('access.request.wantEverywhere'),
    ...wishes.map(({ ability, lacking }) => {
      const calls = lacking.map((question) => `${question.verb} ${resourceText(question)}`).join(', ')
      return `- ${ability ? `${t(`access.ability.${ability.id}`)} (${calls})` : calls}`
    }),
    '',
    ...(role && namespace
      ? [t('access.request.either'), bindCommand({ namespace, user, role }), '', t('access.request.or')]
      : []),
    manifest,
  ]
  return lines.join('\n')
}
