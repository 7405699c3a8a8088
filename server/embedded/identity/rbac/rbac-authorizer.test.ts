import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createCipher } from '../../storage/cipher'
import { ObjectStore } from '../../storage/object-store'
import { RbacAuthorizer } from './rbac-authorizer'
import { clusterRoleBindings, clusterRoles, RoleIndex, roleBindings } from './role-index'

/** In microseconds: far above what it takes, far below what a scan of all bindings would. */
const limit = 200

test('a thousand bindings cost a request nothing', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'chiave-rbac-'))
  const store = new ObjectStore({
    path: path.join(directory, 'state.db'),
    cipher: createCipher(Buffer.alloc(32)),
    sealed: new Set(),
    now: Date.now,
  })
  try {
    const put = (resource: string, namespace: string, name: string, object: object) =>
      store.write(() => ({
        change: {
          key: { resource, namespace, name },
          type: 'put',
          labels: undefined,
          body: Buffer.from(JSON.stringify({ metadata: { name, namespace }, ...object })),
        },
        value: undefined,
      }))
    const index = new RoleIndex()
    index.follow(store)
    const rules = Array.from({ length: 50 }, (_, number) => ({
      verbs: ['get', 'list'],
      apiGroups: [`group${number}`],
      resources: ['a', 'b', 'c'],
    }))
    await put(clusterRoles, '', 'wide', { rules })
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'wide' }
    await Promise.all(
      Array.from({ length: 500 }, (_, number) => {
        const subjects = [
          { kind: 'User', name: `user${number}` },
          { kind: 'Group', name: `team${number % 20}` },
        ]
        return [
          put(clusterRoleBindings, '', `b${number}`, { roleRef, subjects: subjects.slice(0, 1) }),
          put(roleBindings, `ns${number % 50}`, `b${number}`, { roleRef, subjects }),
        ]
      }).flat(),
    )
    const authorizer = new RbacAuthorizer(index)
    const user = { name: 'user7', groups: ['team7', 'system:authenticated'] }
    const ask = (group: string) =>
      authorizer.authorize({
        type: 'resource',
        user,
        verb: 'list',
        group,
        version: 'v1',
        resource: 'c',
        subresource: '',
        namespace: 'ns7',
        name: '',
      }).allowed
    expect([ask('group49'), ask('nothing')]).toEqual([true, false])
    const rounds = 5_000
    const cost = () => {
      const start = process.cpuUsage()
      for (let round = 0; round < rounds; round++) ask('nothing')
      const { user: spent } = process.cpuUsage(start)
      return spent / rounds
    }
    // The second time the compiler has done its work.
    cost()
    const each = cost()
    console.info(`refusing took ${each.toFixed(1)} µs with 1,000 bindings`)
    expect(each).toBeLessThan(limit)
  } finally {
    store.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
