import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { optionNames, parseConfig } from '@/server/config'
import { withoutKubectl } from '@/server/embedded/testing/stock-kubectl'
import { createMetrics } from '@/server/http/metrics'
import { createOperatorMetrics } from '@/server/operator/platform/metrics'
import { deployDirectory, type Manifest, nameOf, renderKustomization } from './testing/render'

interface Container {
  args: string[]
  env?: { name: string; value?: string }[]
  ports: { name: string; containerPort: number }[]
  securityContext: Record<string, unknown>
  resources: { requests?: Record<string, string>; limits?: Record<string, string> }
  volumeMounts: { mountPath: string; readOnly?: boolean }[]
  [probe: string]: unknown
}

interface Deployment extends Manifest {
  spec: {
    replicas: number
    selector: { matchLabels: Record<string, string> }
    template: {
      metadata: { labels: Record<string, string> }
      spec: { containers: Container[]; securityContext: Record<string, unknown>; serviceAccountName: string }
    }
  }
}

const combinations = [
  [],
  ['record-guard', 'tls', 'cert-manager', 'ingress', 'oidc', 'monitoring'],
  ['plain-http', 'gateway', 'oidc', 'monitoring'],
]

describe.skipIf(withoutKubectl).each(combinations.map((components) => ({ components })))(
  'with components $components',
  ({ components }) => {
    const manifests = renderKustomization(components)
    // Only Deployments are looked at as such.
    const deployments = manifests.filter(({ kind }) => kind === 'Deployment') as Deployment[]
    const containers = deployments.map((deployment) => [nameOf(deployment), onlyContainer(deployment)] as const)

    test('there are two workloads of two replicas each', () => {
      expect(deployments.map(nameOf).sort()).toEqual(['Deployment/chiave-console', 'Deployment/chiave-operator'])
      for (const { spec } of deployments) expect(spec.replicas).toBe(2)
    })

    test.each(containers)('%s starts with options that Chiave knows', (_name, { args, env = [] }) => {
      const settings = manifests.find((manifest) => nameOf(manifest) === 'ConfigMap/chiave-console')
      const given = Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
      for (const name of Object.keys(given).filter((each) => each.startsWith('CHIAVE_'))) {
        expect(optionNames).toContain(name.slice('CHIAVE_'.length).toLowerCase().replaceAll('_', '-'))
      }
      // A ConfigMap's data are texts by name.
      const config = parseConfig(args, { ...(settings?.['data'] as Record<string, string>), ...given })
      expect(config.cluster).toBe('in-cluster')
      expect(config.host).toBe('0.0.0.0')
    })

    test.each(deployments.map((deployment) => [nameOf(deployment), deployment] as const))(
      '%s keeps to the restricted profile of Pod Security',
      (_name, deployment) => {
        const { securityContext } = deployment.spec.template.spec
        expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
        expect(securityContext['runAsUser']).toBeGreaterThan(9_999)
        expect(onlyContainer(deployment).securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        for (const host of ['hostNetwork', 'hostPID', 'hostIPC']) {
          expect(deployment.spec.template.spec).not.toHaveProperty(host)
        }
      },
    )

    test.each(containers)('%s has probes, resources and a place to write', (_name, container) => {
      for (const [probe, url] of [
        ['startupProbe', '/healthz'],
        ['livenessProbe', '/healthz'],
        ['readinessProbe', '/readyz'],
      ] as const) {
        expect(container[probe]).toMatchObject({ httpGet: { path: url, port: container.ports[0]?.name } })
      }
      expect(container.resources.requests).toHaveProperty('memory')
      expect(container.resources.limits).toHaveProperty('memory')
      const writable = container.volumeMounts.filter(({ readOnly }) => readOnly !== true)
      expect(writable.map(({ mountPath }) => mountPath).sort()).toEqual(['/tmp', '/var/lib/chiave'])
    })

    test('selectors find the pods that they are meant for', () => {
      for (const kind of ['PodDisruptionBudget', 'Service']) {
        for (const manifest of manifests.filter((each) => each.kind === kind)) {
          const found = deployments.filter(({ spec }) => matches(selectorOf(manifest), spec.template.metadata.labels))
          expect(found.map(({ metadata }) => metadata.name)).toHaveLength(1)
          expect(manifest.metadata.name).toContain(found[0]?.metadata.name)
        }
      }
    })

    test('everything is in one namespace, or belongs to none', () => {
      const clusterWide = /^(Namespace|CustomResourceDefinition|ClusterRole|ClusterRoleBinding|ValidatingAdmission.+)$/
      for (const { kind, metadata } of manifests) {
        expect(metadata.namespace, `${kind} ${metadata.name}`).toBe(
          clusterWide.test(kind) ? undefined : 'chiave-system',
        )
      }
    })

    test('no role has wildcards, and none can give itself more', () => {
      for (const manifest of manifests.filter(({ kind }) => /Role$/.test(kind))) {
        const text = JSON.stringify(manifest['rules'])
        expect(text, nameOf(manifest)).not.toContain('*')
        expect(text, nameOf(manifest)).not.toMatch(/escalate|"bind"|serviceaccounts\/token|rolebindings/)
      }
    })
  },
)

describe('monitoring', () => {
  const read = (name: string) => readFileSync(path.join(deployDirectory, 'components', 'monitoring', name), 'utf8')
  const known = new Set(
    [createMetrics('0'), createOperatorMetrics('0')]
      .flatMap(({ registry }) => registry.getMetricsAsArray())
      // `up` is Prometheus' own; a histogram has its buckets under a name of their own.
      .flatMap(({ name }) => [name, `${name}_bucket`])
      .concat('up'),
  )

  test.each(['rules.yaml', 'dashboard.json'])('%s asks for figures that there are', (file) => {
    const names = read(file).match(/\b(?:chiave_|process_|nodejs_)\w+/g) ?? []
    expect(names.length).toBeGreaterThan(5)
    for (const name of names) expect(known, name).toContain(name)
  })

  test('every alert says what to do', () => {
    const [rules] = renderKustomization(['monitoring']).filter(({ kind }) => kind === 'PrometheusRule')
    // The rule's own shape, written in this repository.
    const { groups } = rules?.['spec'] as { groups: { rules: { annotations: Record<string, string> }[] }[] }
    for (const rule of groups.flatMap((group) => group.rules)) {
      expect(rule.annotations['runbook']?.length, JSON.stringify(rule)).toBeGreaterThan(60)
    }
  })

  test('the dashboard’s panels have a place and a title each', () => {
    // Written in this repository.
    const { panels } = JSON.parse(read('dashboard.json')) as {
      panels: { id: number; title: string; gridPos: { x: number; w: number } }[]
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { title, gridPos } of panels) {
      expect(title).not.toBe('')
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    }
  })
})

function onlyContainer({ spec }: Deployment): Container {
  const [container] = spec.template.spec.containers
  if (!container) throw new Error('a workload without a container')
  return container
}

function selectorOf(manifest: Manifest): Record<string, string> {
  // A Service selects by labels, a budget by a selector with labels.
  const { selector } = manifest['spec'] as {
    selector: Record<string, string> | { matchLabels: Record<string, string> }
  }
  // The cast tells the two apart for the compiler: a label's value is a text.
  return typeof selector['matchLabels'] === 'object' ? selector['matchLabels'] : (selector as Record<string, string>)
}

const matches = (selector: Record<string, string>, labels: Record<string, string>) =>
  Object.entries(selector).every(([name, value]) => labels[name] === value)
