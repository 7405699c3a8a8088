import { createHash } from 'node:crypto'
import fs from 'node:fs'
import * as YAML from 'yaml'
import type { Home } from './home'

/** A user of the embedded cluster who signs in with a bearer token; only the token's hash is kept on the API's side. */
export interface StaticUser {
  name: string
  groups: string[]
  /** hex */
  tokenSha256: string
  mayImpersonate?: boolean
}

export interface Credentials {
  users: StaticUser[]
  admin: string
  engine: string
  console: string
}

function tokenFile(home: Home) {
  return {
    admin: home.file('cluster', 'admin-token'),
    engine: home.file('cluster', 'engine-token'),
    console: home.file('console', 'cluster-token'),
  }
}

/** Where the tokens are: what is missing there is made anew. */
export function tokenFiles(home: Home): string[] {
  return Object.values(tokenFile(home))
}

/** Makes or reads the tokens of the embedded cluster's own users, each readable by its user alone. */
export function ensureCredentials(home: Home): Credentials {
  const token = (file: string, owner: number | undefined) =>
    home.secret({ path: file, bytes: 32, owner }).toString('base64url')
  const files = tokenFile(home)
  const admin = token(files.admin, home.uids?.cluster)
  const engine = token(files.engine, home.uids?.cluster)
  const console = token(files.console, home.uids?.console)
  const hash = (value: string) => createHash('sha256').update(value).digest('hex')
  return {
    admin,
    engine,
    console,
    users: [
      { name: 'admin', groups: ['system:masters', 'system:authenticated'], tokenSha256: hash(admin) },
      { name: 'system:chiave:engine', groups: ['system:masters', 'system:authenticated'], tokenSha256: hash(engine) },
      {
        name: 'system:chiave:console',
        groups: ['system:authenticated'],
        tokenSha256: hash(console),
        mayImpersonate: true,
      },
    ],
  }
}

/** Writes the admin's kubeconfig, as stock `kubectl` and `virtctl` read it; left alone when nothing changed. */
export function writeKubeconfig(home: Home, options: { server: string; caCertificate: string; token: string }): void {
  const content = YAML.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'chiave',
    clusters: [
      {
        name: 'chiave',
        cluster: {
          server: options.server,
          'certificate-authority-data': Buffer.from(options.caCertificate).toString('base64'),
        },
      },
    ],
    contexts: [{ name: 'chiave', context: { cluster: 'chiave', user: 'admin', namespace: 'default' } }],
    users: [{ name: 'admin', user: { token: options.token } }],
  })
  const file = home.file('kubeconfig')
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === content) return
  home.write({ path: file, content, mode: 0o600 })
}
