import type { Environment } from '@marcbachmann/cel-js'

/** What an expression asks of the authorizer; `user` is absent for the one who makes the request. */
export interface AuthorizerQuestion {
  verb: string
  path?: string
  group: string
  resource: string
  subresource: string
  namespace: string
  name: string
  serviceAccount?: { namespace: string; name: string }
}

export interface AuthorizerAnswer {
  allowed: boolean
  reason: string
}

export type Ask = (question: AuthorizerQuestion) => AuthorizerAnswer

const blank = { group: '', resource: '', subresource: '', namespace: '', name: '' }

/** The `authorizer` of a policy's expressions. */
export class AuthorizerValue {
  readonly ask: Ask
  /** What the request itself is about. */
  readonly requestResource: ResourceCheck
  readonly account: AuthorizerQuestion['serviceAccount']

  constructor(ask: Ask, about: Partial<AuthorizerQuestion>, account?: AuthorizerQuestion['serviceAccount']) {
    this.ask = ask
    this.account = account
    this.requestResource = new ResourceCheck(ask, this.question(about))
  }

  question(about: Partial<AuthorizerQuestion>): AuthorizerQuestion {
    return { ...blank, verb: '', ...about, ...(this.account ? { serviceAccount: this.account } : {}) }
  }
}

class PathCheck {
  readonly ask: Ask
  readonly question: AuthorizerQuestion

  constructor(ask: Ask, question: AuthorizerQuestion) {
    this.ask = ask
    this.question = question
  }
}

class GroupCheck extends PathCheck {}
class ResourceCheck extends PathCheck {}

class AuthorizerDecision {
  readonly answer: AuthorizerAnswer

  constructor(answer: AuthorizerAnswer) {
    this.answer = answer
  }
}

const prefix = 'kubernetes.authorization'

/** Kubernetes' authorizer library for CEL. */
export function registerAuthorizerFunctions(env: Environment): void {
  const types = { Authorizer: AuthorizerValue, PathCheck, GroupCheck, ResourceCheck, Decision: AuthorizerDecision }
  for (const [name, type] of Object.entries(types)) env.registerType(`${prefix}.${name}`, type)
  const register = (signature: string, handler: (...values: never[]) => unknown): void => {
    const full = signature.replaceAll(/\b(Authorizer|PathCheck|GroupCheck|ResourceCheck|Decision)\b/g, `${prefix}.$1`)
    env.registerFunction(full, handler, { async: false })
  }
  const narrowed = (field: 'subresource' | 'namespace' | 'name') => (check: ResourceCheck, value: string) =>
    new ResourceCheck(check.ask, { ...check.question, [field]: value })
  const decided = ({ ask, question }: PathCheck, verb: string) => new AuthorizerDecision(ask({ ...question, verb }))

  register(
    'Authorizer.path(string): PathCheck',
    (from: AuthorizerValue, path: string) => new PathCheck(from.ask, from.question({ path })),
  )
  register(
    'Authorizer.group(string): GroupCheck',
    (from: AuthorizerValue, group: string) => new GroupCheck(from.ask, from.question({ group })),
  )
  register(
    'Authorizer.serviceAccount(string, string): Authorizer',
    (from: AuthorizerValue, namespace: string, name: string) =>
      new AuthorizerValue(from.ask, from.requestResource.question, { namespace, name }),
  )
  register(
    'GroupCheck.resource(string): ResourceCheck',
    (from: GroupCheck, resource: string) => new ResourceCheck(from.ask, { ...from.question, resource }),
  )
  for (const field of ['subresource', 'namespace', 'name'] as const) {
    register(`ResourceCheck.${field}(string): ResourceCheck`, narrowed(field))
  }
  register('ResourceCheck.check(string): Decision', decided)
  register('PathCheck.check(string): Decision', decided)
  register('Decision.allowed(): bool', ({ answer }: AuthorizerDecision) => answer.allowed)
  register('Decision.reason(): string', ({ answer }: AuthorizerDecision) => answer.reason)
  register('Decision.errored(): bool', () => false)
  register('Decision.error(): string', () => '')
}
