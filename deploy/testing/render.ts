import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '@/contract/kube-object'

export const deployDirectory = path.resolve(import.meta.dirname, '..')
export const chartDirectory = path.join(deployDirectory, 'helm', 'chiave')

/** A manifest of any kind, for tests to look into. */
export interface Manifest extends KubeObject {
  apiVersion: string
  kind: string
  // Manifests of a dozen kinds: each test says what it expects to be there.
  [field: string]: unknown
}

/** The objects of a stream of YAML documents. */
export function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors[0]) throw document.errors[0]
      // The renderers print objects of Kubernetes and nothing else.
      return document.toJS() as Manifest | null
    })
    .filter((manifest) => manifest !== null)
}

/** What `kubectl kustomize` makes of `deploy/` with these of its components. */
export function renderKustomization(components: readonly string[] = []): Manifest[] {
  return withOverlay(components, (directory) =>
    readManifests(execFileSync('kubectl', ['kustomize', directory], { encoding: 'utf8' })),
  )
}

/** Gives a directory for `kubectl -k` with `deploy/` and these of its components, and removes it afterwards. */
export function withOverlay<T>(components: readonly string[], use: (directory: string) => T): T {
  // kustomize takes relative paths alone, and follows links before it resolves them.
  const directory = mkdtempSync(path.join(tmpdir(), 'chiave-overlay-'))
  const deploy = path.relative(directory, deployDirectory)
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [deploy],
    components: components.map((name) => path.join(deploy, 'components', name)),
  }
  writeFileSync(path.join(directory, 'kustomization.yaml'), JSON.stringify(kustomization))
  try {
    return use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** What `helm template` makes of the chart. Throws with Helm's words when it refuses. */
export function renderChart(helm: string, values: Readonly<Record<string, unknown>> = {}): Manifest[] {
  const args = ['template', 'chiave', chartDirectory, '--namespace', 'chiave-system', '--values', '-']
  return readManifests(execFileSync(helm, args, { encoding: 'utf8', input: JSON.stringify(values), stdio: 'pipe' }))
}

/** `Kind/name`, which is unique in what Chiave brings. */
export const nameOf = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`
