import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { compileSchema } from '../schema/compiled-schema'
import { testSchemas } from '../testing/start-test-server'

/**
 * `CHIAVE_SEED_MANIFESTS` names Markdown files, separated by colons, whose `yaml` blocks are manifests that a real cluster
 * accepts.
 */
const files = (process.env['CHIAVE_SEED_MANIFESTS'] ?? '').split(':').filter((file) => file !== '')

const plurals: Readonly<Record<string, string>> = {
  StorageProfile: 'storageprofiles',
  VirtualMachineClusterPreference: 'virtualmachineclusterpreferences',
}

function schemaOf({ apiVersion, kind }: JsonObject): unknown {
  const [group = ''] = String(apiVersion).split('/')
  const plural = plurals[String(kind)] ?? `${String(kind).toLowerCase().replace(/y$/, 'ie')}s`
  const file = path.join(testSchemas, `${plural}.${group}.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

function manifests(file: string): JsonObject[] {
  const blocks = [...readFileSync(file, 'utf8').matchAll(/^```yaml *\n([\s\S]*?)^```/gm)].map(
    ([, block]) => block ?? '',
  )
  return blocks
    .flatMap((block) => parseAllDocuments(block))
    .map((document: { toJS(): unknown }) => document.toJS())
    .filter(isJsonObject)
}

describe.skipIf(files.length === 0)('manifests that a real cluster accepts (needs CHIAVE_SEED_MANIFESTS)', () => {
  test.each(files)('keep every field and break no rule: %s', (file) => {
    const complaints: string[] = []
    let checked = 0
    for (const manifest of manifests(file)) {
      const schema = schemaOf(manifest)
      if (schema === undefined) continue
      checked++
      const compiled = compileSchema(schema)
      const unknown: string[] = []
      compiled.prune(manifest, unknown)
      const { kind, metadata } = manifest
      const name = `${String(kind)} ${isJsonObject(metadata) ? String(metadata['name']) : ''}`
      complaints.push(...unknown.map((field) => `${name}: unknown ${field}`))
      complaints.push(...compiled.validate(manifest).map(({ field, detail }) => `${name}: ${field} ${String(detail)}`))
    }
    expect(complaints).toEqual([])
    expect(checked).toBeGreaterThan(3)
  })
})
