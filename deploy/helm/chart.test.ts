import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cachedHelm, fetchHelm } from '@/scripts/kubectl/fetch.mjs'
import { withoutKubectl } from '@/server/embedded/testing/stock-kubectl'
import { type DeploymentCluster, startDeploymentCluster } from '../testing/deployment-cluster'
import {
  chartDirectory,
  deployDirectory,
  type Manifest,
  nameOf,
  renderChart,
  renderKustomization,
} from '../testing/render'

// Fetched only in the full run: the others pass without a network.
const helm = process.env['CHIAVE_TEST_FULL'] === undefined ? cachedHelm() : fetchHelm()

/** The same deployment, in the words of the chart and of the kustomization. */
const deployments = [
  { name: 'the least', components: [], values: { recordGuard: { mode: 'never' } } },
  {
    name: 'everything',
    components: ['record-guard', 'tls', 'cert-manager', 'ingress', 'oidc', 'monitoring'],
    values: {
      recordGuard: { mode: 'always' },
      tls: { certManager: { enabled: true } },
      ingress: { enabled: true },
      oidc: { secretName: 'chiave-oidc' },
      monitoring: { enabled: true },
    },
  },
  {
    name: 'HTTP behind a gateway',
    components: ['plain-http', 'gateway'],
    values: { recordGuard: { mode: 'never' }, console: { plainHttp: true }, gateway: { enabled: true } },
  },
]

describe.skipIf(withoutKubectl || helm === undefined)('the chart', { timeout: 120_000 }, () => {
  const program = helm ?? ''
  test('passes helm lint', () => {
    const said = execFileSync(program, ['lint', '--strict', chartDirectory], { encoding: 'utf8', stdio: 'pipe' })
    expect(said).toContain('0 chart(s) failed')
  })

  test.each(deployments)('makes the same objects as the kustomization: $name', ({ components, values }) => {
    const chart = byName(renderChart(program, values))
    // Helm makes the namespace itself, with --create-namespace.
    const plain = byName(renderKustomization(components).filter(({ kind }) => kind !== 'Namespace'))
    expect([...chart.keys()].sort()).toEqual([...plain.keys()].sort())
    for (const [name, manifest] of plain) expect(chart.get(name), name).toEqual(manifest)
  })

  test.each([
    ['an unknown value', { replicas: 3 }, 'replicas'],
    ['a group that would give everything', { impersonation: { groups: ['system:masters'] } }, 'groups'],
    ['a setting that is no option', { settings: { PATH: '/' } }, 'PATH'],
    ['a digest that is none', { image: { digest: 'latest' } }, 'digest'],
  ])('refuses %s', (_what, values, named) => {
    expect(() => renderChart(program, values)).toThrow(new RegExp(named))
  })

  test('narrows whom the console may act for', () => {
    const roles = byName(renderChart(program, { impersonation: { users: ['jane'], groups: ['team'] } }))
    expect(roles.get('ClusterRole/chiave-impersonator')?.['rules']).toEqual([
      { apiGroups: [''], resources: ['users'], resourceNames: ['jane'], verbs: ['impersonate'] },
      {
        apiGroups: [''],
        resources: ['groups'],
        resourceNames: ['system:authenticated', 'team'],
        verbs: ['impersonate'],
      },
    ])
    const without = renderChart(program, { impersonation: { enabled: false } }).map(nameOf)
    expect(without).not.toContain('ClusterRole/chiave-impersonator')
    expect(without).not.toContain('ClusterRoleBinding/chiave-impersonator')
  })

  test('brings the rules and the dashboard of the kustomization', () => {
    const file = (...parts: string[]) => readFileSync(path.join(deployDirectory, ...parts), 'utf8')
    expect(file('helm', 'chiave', 'files', 'dashboard.json')).toBe(file('components', 'monitoring', 'dashboard.json'))
  })

  describe('in a cluster', () => {
    let cluster: DeploymentCluster
    beforeAll(async () => {
      cluster = await startDeploymentCluster()
    }, 120_000)
    afterAll(() => cluster.close())
    // Not synchronous: the API server answers from this process.
    const inCluster = async (...args: string[]) => {
      const env = { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.directory }
      const { stdout } = await promisify(execFile)(program, [...args, '--namespace', 'chiave-system'], { env })
      return stdout
    }

    test('passes a dry run on the server', async () => {
      const said = await inCluster(
        'install',
        'chiave',
        chartDirectory,
        '--dry-run=server',
        '--set',
        'monitoring.enabled=true',
      )
      expect(said).toContain('STATUS: pending-install')
      expect(said).toContain('name: chiave-record-guard')
    })

    test('installs, upgrades, rolls back and uninstalls all that needs no containers', async () => {
      const parts = ['--set', 'console.enabled=false', '--set', 'operator.enabled=false']
      expect(await inCluster('install', 'chiave', chartDirectory, ...parts)).toContain('STATUS: deployed')
      expect(await cluster.kubectl(['get', 'crd', 'platforms.platform.chiave.io', '-o', 'name'])).toContain('platforms')
      expect(await cluster.kubectl(['get', 'networkpolicies', '-A', '-o', 'name'])).toContain('chiave-default-deny')
      await inCluster('upgrade', 'chiave', chartDirectory, ...parts, '--set', 'networkPolicies.enabled=false')
      expect(await cluster.kubectl(['get', 'networkpolicies', '-A'])).toContain('No resources found')
      await inCluster('rollback', 'chiave', '1')
      expect(await cluster.kubectl(['get', 'networkpolicies', '-A', '-o', 'name'])).toContain('chiave-default-deny')
      await inCluster('uninstall', 'chiave')
      expect(await cluster.kubectl(['get', 'networkpolicies', '-A'])).toContain('No resources found')
      expect(await cluster.kubectl(['get', 'crd', 'platforms.platform.chiave.io'])).toContain('NotFound')
    })

    test('says why containers cannot be installed here', async () => {
      await expect(inCluster('install', 'second', chartDirectory)).rejects.toThrow('this cluster runs no containers')
    })
  })
})

/** Objects without what each renderer adds in its own name. */
function byName(manifests: Manifest[]): Map<string, Manifest> {
  return new Map(manifests.map((manifest) => [nameOf(manifest), neutral(manifest)]))
}

function neutral(manifest: Manifest): Manifest {
  const copy = structuredClone(manifest)
  delete copy.metadata.labels?.['app.kubernetes.io/managed-by']
  delete copy.metadata.labels?.['helm.sh/chart']
  if (copy.kind === 'Deployment') {
    // A Deployment's own shape, of which only these parts are touched.
    const { template } = copy['spec'] as {
      template: {
        metadata: { annotations?: unknown }
        spec: { containers: Record<string, unknown>[]; volumes: unknown[] }
      }
    }
    delete template.metadata.annotations
    for (const container of template.spec.containers) {
      delete container['imagePullPolicy']
      for (const list of ['env', 'volumeMounts']) if (Array.isArray(container[list])) sortByName(container[list])
    }
    sortByName(template.spec.volumes)
  }
  return copy
}

/** kustomize and Helm put what they add at different ends. */
function sortByName(list: unknown[]): void {
  // Everything in these lists has a name.
  const text = (entry: unknown) => (entry as { name: string }).name
  list.sort((a, b) => text(a).localeCompare(text(b)))
}
