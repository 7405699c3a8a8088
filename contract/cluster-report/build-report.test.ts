import { describe, expect, it } from 'vitest'
import { buildClusterReport, type ClusterFacts } from './build-report'
import type { FeatureId, PartId } from './parts'
import { readRelease } from './release'
import { servedVersion, understoodVersions } from './served-version'

const bare = [{ group: '', versions: ['v1'] }]
const kubeVirt = [
  ...bare,
  { group: 'kubevirt.io', versions: ['v1', 'v1alpha3'] },
  { group: 'subresources.kubevirt.io', versions: ['v1', 'v1alpha3'] },
]
const part = (facts: ClusterFacts, id: PartId) => buildClusterReport(facts).parts.find((one) => one.id === id)
const feature = (facts: ClusterFacts, id: FeatureId) => buildClusterReport(facts).features.find((one) => one.id === id)

describe('the report of a cluster', () => {
  it('says of a bare Kubernetes what is missing, and that nothing is possible without KubeVirt', () => {
    const facts = { groups: bare, versions: { kubernetes: 'v1.31.4+k3s1' } }
    expect(part(facts, 'kubernetes')).toMatchObject({ state: 'present', served: ['v1'] })
    expect(part(facts, 'kubeVirt')).toMatchObject({ state: 'absent', required: true })
    expect(feature(facts, 'machines')).toMatchObject({ state: 'missing', because: 'noGroup', what: 'kubevirt.io' })
    expect(buildClusterReport(facts).features.every(({ state }) => state === 'missing')).toBe(true)
  })

  it.each([
    ['v1.27.16', 'tooOld', '1.28'],
    ['v1.28.0', 'present', undefined],
    ['v1.36.1', 'present', undefined],
    ['v1.99.0-alpha.1', 'untried', '1.36'],
    ['v2.0.0', 'untried', '1.36'],
    ['devel', 'present', undefined],
  ])('knows Kubernetes %s as %s', (version, state, bound) => {
    const found = part({ groups: bare, versions: { kubernetes: version } }, 'kubernetes')
    expect(found?.state).toBe(state)
    expect(found?.bound).toBe(bound)
  })

  it('promises nothing of a KubeVirt that is too old', () => {
    const facts = { groups: kubeVirt, versions: { kubeVirt: 'v1.3.1' } }
    expect(part(facts, 'kubeVirt')).toMatchObject({ state: 'tooOld', bound: '1.4' })
    expect(feature(facts, 'machines')).toMatchObject({ state: 'missing', because: 'tooOld', what: 'kubeVirt' })
  })

  it('chooses the newest version that is served and understood', () => {
    const groups = [...kubeVirt, { group: 'instancetype.kubevirt.io', versions: ['v1beta1', 'v9'] }]
    expect(feature({ groups, versions: {} }, 'machines')).toMatchObject({
      state: 'available',
      apiVersion: 'kubevirt.io/v1',
      older: false,
    })
    expect(feature({ groups, versions: {} }, 'instanceTypes')).toMatchObject({
      state: 'available',
      apiVersion: 'instancetype.kubevirt.io/v1beta1',
      older: true,
    })
  })

  it('says which versions are served when none of them is understood', () => {
    const groups = [...kubeVirt, { group: 'clone.kubevirt.io', versions: ['v7'] }]
    expect(feature({ groups, versions: {} }, 'machineClones')).toMatchObject({
      because: 'noVersion',
      what: 'clone.kubevirt.io/v7',
    })
  })

  it('says what else a feature waits for', () => {
    const groups = [...kubeVirt, { group: 'snapshot.kubevirt.io', versions: ['v1beta1'] }]
    expect(feature({ groups, versions: {} }, 'machineSnapshots')).toMatchObject({
      state: 'missing',
      because: 'alsoMissing',
      what: 'snapshot.storage.k8s.io',
    })
  })

  it('passes on what a part says is wrong with it', () => {
    const facts = { groups: kubeVirt, versions: { kubeVirt: 'v1.9.0' }, troubles: { kubeVirt: 'virt-api is down' } }
    expect(part(facts, 'kubeVirt')).toMatchObject({ state: 'troubled', words: 'virt-api is down' })
    expect(feature(facts, 'machines')?.state).toBe('available')
  })

  it('calls nothing missing that could not be asked for', () => {
    const { parts, features } = buildClusterReport({ groups: undefined, versions: {} })
    expect(new Set(parts.map(({ state }) => state))).toEqual(new Set(['unknown']))
    expect(new Set(features.map(({ state }) => state))).toEqual(new Set(['unknown']))
  })
})

describe('versions', () => {
  it('are read as operators write them', () => {
    expect(readRelease('v1.31.4-gke.100')).toEqual({ major: 1, minor: 31 })
    expect(readRelease('1.4')).toEqual({ major: 1, minor: 4 })
    expect(readRelease('devel')).toBeUndefined()
    expect(readRelease(undefined)).toBeUndefined()
  })

  it('of a kind are tried newest first', () => {
    const versions = understoodVersions({ version: 'v1', servedVersions: ['v1', 'v1alpha3'] })
    expect(versions).toEqual(['v1', 'v1alpha3'])
    expect(servedVersion([{ group: 'kubevirt.io', versions: ['v1alpha3'] }], { group: 'kubevirt.io', versions })).toBe(
      'v1alpha3',
    )
    expect(servedVersion([], { group: 'kubevirt.io', versions })).toBeUndefined()
  })
})
