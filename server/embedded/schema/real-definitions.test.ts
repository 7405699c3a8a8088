import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { CustomResourceDefinition } from '@/contract/kinds/core'
import { builtInKinds } from '@/contract/kinds/registry'
import { startTestServer, type TestServer } from '../testing/start-test-server'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const directory = process.env['CHIAVE_REAL_CRDS']

function filesIn(root: string | undefined): string[] {
  if (root === undefined) return []
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => path.join(root, name))
    .sort()
}

const files = filesIn(directory)

describe.skipIf(files.length === 0)(
  'definitions of real projects, from the directory that CHIAVE_REAL_CRDS names',
  () => {
    let server: TestServer

    beforeAll(async () => {
      server = await startTestServer({ kinds: { builtIn: builtInKinds, custom: [] } })
    })
    afterAll(() => server.close())

    test.each(files)('%s is accepted, and its objects are served', async (file) => {
      const definition = parse(readFileSync(file, 'utf8')) as CustomResourceDefinition
      const answer = await server.call('POST', definitions, {
        body: definition,
      })
      expect(answer.json).toMatchObject({
        kind: 'CustomResourceDefinition',
        status: {
          conditions: expect.arrayContaining([expect.objectContaining({ type: 'Established', status: 'True' })]),
        },
      })
      const { group, names, versions, conversion } = definition.spec
      const served = versions.filter((each) => each.served && (each.storage || conversion?.strategy !== 'Webhook'))
      for (const version of served) {
        const list = await server.call('GET', `/apis/${group}/${version.name}/${names.plural}`)
        expect([list.status, list.json['kind']]).toEqual([200, names.listKind ?? `${names.kind}List`])
        const empty = { apiVersion: `${group}/${version.name}`, kind: names.kind, metadata: { name: 'x' } }
        const scope = definition.spec.scope === 'Namespaced' ? 'namespaces/default/' : ''
        const created = await server.call('POST', `/apis/${group}/${version.name}/${scope}${names.plural}?dryRun=All`, {
          body: empty,
        })
        expect([201, 422, 403]).toContain(created.status)
      }
    })

    test('a server that has all of them starts within seconds', async () => {
      const directory = mkdtempSync(path.join(tmpdir(), 'chiave-definitions-'))
      const kinds = { builtIn: builtInKinds, custom: [] }
      try {
        const first = await startTestServer({ directory, kinds })
        for (const file of files) {
          const body = parse(readFileSync(file, 'utf8')) as CustomResourceDefinition
          const answer = await first.call('POST', definitions, { body })
          expect(answer.status).toBe(201)
        }
        await first.close({ keep: true })
        const began = performance.now()
        const again = await startTestServer({ directory, kinds })
        expect(performance.now() - began).toBeLessThan(5000)
        expect((await again.call('GET', `${definitions}?limit=500`)).json.items).toHaveLength(files.length)
        await again.close({ keep: true })
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    }, 120_000)
  },
)
