import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { abilityAreas } from '@/contract/access/abilities'
import { type AccessRules, decideAccess, type ResourceQuestion, readAccessRules } from '@/contract/access/rules'
import { resourcePath } from '@/contract/kinds/kind'
import { allKinds } from '@/contract/kinds/registry'
import type { LiveMessage } from '@/contract/live'
import type { Connection } from '@/server/cluster/connection'
import { createSocketConnection } from '@/server/cluster/socket-connection'
import { type ApiServer, startApiServer } from '@/server/embedded/api-server'
import { testSchemas } from '@/server/embedded/testing/start-test-server'
import { duplexPair } from './duplex-pair.fixture'
import {
  call,
  endOf,
  eventually,
  fixedConnections,
  type GatewayFixture,
  openSocket,
  type SignedIn,
  signIn,
  startFixture,
} from './gateway.fixture'

/**
 * What each role may do through the gateway: every call that a page makes is either allowed by the cluster's rules and
 * works, or refused with 403; and the rules, as pages read them, say the same before the call is made.
 */
const roles = ['nobody', 'view', 'edit', 'admin', 'cluster-admin'] as const
type Role = (typeof roles)[number]

/** Every request has a socket of its own. */
const limit = pLimit(16)

const consoleToken = randomBytes(16).toString('hex')
const namespace = 'lab'
let directory: string
let api: ApiServer
let server: Server
let socketPath: string

const person = (role: Role) => ({
  type: 'person' as const,
  user: `person-${role}`,
  groups: role === 'cluster-admin' ? ['system:masters'] : [],
})

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chiave-roles-'))
  api = await startApiServer({
    databasePath: join(directory, 'state.db'),
    schemasDirectory: testSchemas,
    encryptionKey: randomBytes(32),
    users: [
      {
        name: 'system:chiave:console',
        groups: [],
        tokenSha256: createHash('sha256').update(consoleToken).digest('hex'),
        mayImpersonate: true,
      },
    ],
    subresources: [
      {
        resource: 'virtualmachineinstances',
        subresource: 'console',
        method: 'GET',
        open: async () => {
          const [ours, theirs] = duplexPair()
          ours.write('login: ')
          return theirs
        },
      },
    ],
  })
  socketPath = join(directory, 'cluster.sock')
  server = createServer().listen(socketPath)
  server.on('request', api.handleRequest).on('upgrade', api.handleUpgrade)
  await once(server, 'listening')
  const admin = await enter('cluster-admin')
  await admin.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  for (const role of ['view', 'edit', 'admin'] as const) {
    const answer = await admin.post(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: role },
      subjects: [{ kind: 'User', name: person(role).user, apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    })
    expect(answer.status, answer.body).toBe(201)
  }
  await admin.leave()
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await api.close()
  await rm(directory, { recursive: true })
})

interface Visit {
  fixture: GatewayFixture
  signedIn: SignedIn
  get(path: string): ReturnType<typeof call>
  post(path: string, body: object): ReturnType<typeof call>
  /** The rules of a namespace, as pages read them. */
  rules(of: string): Promise<AccessRules>
  leave(): Promise<void>
}

/** A person of a role, signed in at a gateway. */
async function enter(role: Role): Promise<Visit> {
  const connection: Connection = createSocketConnection({
    name: 'local',
    socketPath,
    token: consoleToken,
    impersonate: true,
  })
  const fixture = await startFixture({ connections: fixedConnections(connection), issueIdentity: () => person(role) })
  const signedIn = await signIn(fixture)
  const send = (method: string, path: string, body?: object) =>
    call(fixture, {
      method,
      path: `/k8s/local${path}`,
      headers: { ...signedIn.headers, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  return {
    fixture,
    signedIn,
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    rules: async (of) => {
      const answer = await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace: of },
      })
      expect(answer.status, answer.body).toBe(201)
      return readAccessRules(JSON.parse(answer.body).status)
    },
    leave: async () => {
      await fixture.stop()
      connection.close()
    },
  }
}

/** Every call to read and write that pages make, and what each ability takes. */
const questions: readonly ResourceQuestion[] = [
  ...allKinds.flatMap(({ group, plural: resource }) =>
    ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'].map((verb) => ({ verb, group, resource })),
  ),
  ...abilityAreas.flatMap(({ abilities }) => abilities.flatMap(({ needs }) => needs)),
]

describe.each(roles)('%s', { timeout: 60_000 }, (role) => {
  let visit: Visit
  beforeAll(async () => {
    visit = await enter(role)
  })
  afterAll(() => visit.leave())

  it('is told by the rules what single reviews say, in a namespace of theirs and in another', async () => {
    for (const where of [namespace, 'default']) {
      const rules = await visit.rules(where)
      expect(rules.incomplete).toBe(false)
      const ask = async (question: ResourceQuestion) => {
        const asked = { ...question, namespace: where }
        const review = await visit.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: asked },
        })
        const allowed = JSON.parse(review.body).status.allowed === true
        return decideAccess(rules, asked) === (allowed ? 'yes' : 'no') ? [] : [asked]
      }
      const different = (await Promise.all(questions.map((question) => limit(() => ask(question))))).flat()
      expect(different).toEqual([])
    }
  })

  it('gets each list of a page, or a refusal that the rules foretold', async () => {
    const rules = await visit.rules(namespace)
    for (const kind of allKinds) {
      const { group, plural: resource, namespaced } = kind
      const answer = await visit.get(resourcePath(kind, namespaced ? { namespace } : {}))
      const foretold = decideAccess(rules, { verb: 'list', group, resource }) === 'yes'
      // A kind without a namespace is granted by bindings to the whole cluster alone.
      const expected = namespaced ? foretold : role === 'cluster-admin' || foretoldEverywhere(answer.status, foretold)
      expect([resource, answer.status]).toEqual([resource, expected ? 200 : 403])
    }
  })

  it('gets the same answer on the live socket', async () => {
    const rules = await visit.rules(namespace)
    const live = openSocket(visit.fixture, '/live', visit.signedIn.headers)
    const messages: LiveMessage[] = []
    live.on('message', (data) => messages.push(JSON.parse(String(data)) as LiveMessage))
    await once(live, 'open')
    // Secrets are never sent live, to nobody.
    const kinds = allKinds.filter(({ namespaced, plural }) => namespaced && plural !== 'secrets')
    for (const [id, { group, version, plural }] of kinds.entries()) {
      live.send(JSON.stringify({ op: 'subscribe', id, query: { cluster: 'local', group, version, plural, namespace } }))
    }
    await eventually(() => new Set(messages.map(({ id }) => id)).size).toBe(kinds.length)
    for (const [id, { group, plural: resource }] of kinds.entries()) {
      const both = ['list', 'watch'].map((verb) => decideAccess(rules, { verb, group, resource }))
      const first = messages.find((message) => message.id === id)
      expect([resource, first?.type]).toEqual([resource, both[0] === 'yes' ? 'snapshot' : 'error'])
    }
    live.close()
  })

  it('opens a console, or is refused it', async () => {
    const rules = await visit.rules(namespace)
    const question = {
      verb: 'get',
      group: 'subresources.kubevirt.io',
      resource: 'virtualmachineinstances',
      subresource: 'console',
    }
    const socket = openSocket(visit.fixture, `/consoles/local/${namespace}/vm/serial`, visit.signedIn.headers)
    if (decideAccess(rules, question) === 'yes') {
      const [data] = await once(socket, 'message')
      expect(String(data)).toBe('login: ')
      socket.close()
    } else {
      expect(await endOf(socket)).toMatchObject({ code: 4403 })
    }
  })

  it('has a dry run of each creation answered by the rules first', async () => {
    const rules = await visit.rules(namespace)
    for (const { group, plural: resource, version, kind, namespaced } of allKinds.filter((k) => k.namespaced)) {
      const path = `${resourcePath({ group, version, plural: resource }, namespaced ? { namespace } : {})}?dryRun=All`
      const body = { apiVersion: group === '' ? version : `${group}/${version}`, kind, metadata: { name: 'x' } }
      const { status } = await visit.post(path, body)
      const allowed = decideAccess(rules, { verb: 'create', group, resource }) === 'yes'
      // Allowed, it may still be refused for what it says: an object needs more than a name.
      expect([resource, status === 403]).toEqual([resource, !allowed])
    }
  })
})

describe('without a session', () => {
  it('nothing of a cluster is answered, whatever the role', async () => {
    const visit = await enter('cluster-admin')
    for (const kind of allKinds) {
      const answer = await call(visit.fixture, { path: `/k8s/local${resourcePath(kind)}` })
      expect([kind.plural, answer.status]).toEqual([kind.plural, 401])
    }
    await visit.leave()
  })
})

/** Roles bound to everybody, such as reading KubeVirt's state, hold also outside a namespace; others do not. */
function foretoldEverywhere(status: number, foretold: boolean): boolean {
  return foretold && status === 200
}
