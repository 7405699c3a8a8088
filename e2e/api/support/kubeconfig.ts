import fs from 'node:fs'
import path from 'node:path'
import * as YAML from 'yaml'

/** Where an API server is and how to prove who one is: what the suite reads of a kubeconfig. */
export interface ApiTarget {
  server: URL
  ca: Buffer | undefined
  insecure: boolean
  certificate: Buffer | undefined
  key: Buffer | undefined
  token: string | undefined
}

interface Named<T> {
  name: string
  value: T
}

type Fields = Record<string, unknown>

/**
 * Reads one context of a kubeconfig (default: its current one). Tokens, token files and client certificates are
 * understood; credential plugins are not. Throws an Error of one sentence.
 */
export function readKubeconfig(file: string, context: string | undefined): ApiTarget {
  const config: unknown = YAML.parse(fs.readFileSync(file, 'utf8'))
  if (!isFields(config)) throw new Error(`${file} is no kubeconfig.`)
  const wanted = context ?? String(config['current-context'] ?? '')
  const chosen = find(config, 'contexts', 'context', wanted)
  if (!chosen) throw new Error(`${file} has no context ${JSON.stringify(wanted)}.`)
  const cluster = find(config, 'clusters', 'cluster', String(chosen['cluster']))
  const user = find(config, 'users', 'user', String(chosen['user'])) ?? {}
  if (!cluster) throw new Error(`${file} has no cluster ${JSON.stringify(chosen['cluster'])}.`)
  if (user['exec'] ?? user['auth-provider']) {
    throw new Error(
      `The user of context ${JSON.stringify(wanted)} signs in by a plugin: give it a token or a certificate.`,
    )
  }
  const content = (fields: Fields, name: string) => readContent(fields, name, path.dirname(file))
  return {
    server: new URL(String(cluster['server'])),
    ca: content(cluster, 'certificate-authority'),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    certificate: content(user, 'client-certificate'),
    key: content(user, 'client-key'),
    token: typeof user['token'] === 'string' ? user['token'] : content(user, 'tokenFile')?.toString('utf8').trim(),
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function find(config: Fields, list: string, field: string, name: string): Fields | undefined {
  const entries = Array.isArray(config[list]) ? config[list] : []
  const found = entries
    .filter(isFields)
    .map((entry): Named<unknown> => ({ name: String(entry['name']), value: entry[field] }))
  const value = found.find((entry) => entry.name === name)?.value
  return isFields(value) ? value : undefined
}

/** A field's content: inline as base64 in `<name>-data`, or in the file that `<name>` names. */
function readContent(fields: Fields, name: string, directory: string): Buffer | undefined {
  const data = fields[`${name}-data`]
  if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64')
  const file = fields[name]
  return typeof file === 'string' && file !== '' ? fs.readFileSync(path.resolve(directory, file)) : undefined
}
