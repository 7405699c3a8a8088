import { describe, expect, it } from 'vitest'
import type { ConfigMap } from '../kinds/core'
import { catalogImageSchema } from './catalog-image'
import { defaultImages } from './default-images'
import { buildDemoCatalogConfigMap } from './demo-image'
import { readCatalog } from './read-catalog'

const configMap = (name: string, images: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'chiave-system' },
  data: { 'images.yaml': images },
})

describe('the shipped images', () => {
  it('have ids of their own, an address for this architecture and a description in both languages', () => {
    expect(new Set(defaultImages.map((image) => image.id)).size).toBe(defaultImages.length)
    for (const image of defaultImages) {
      expect(image.files.amd64?.url).toMatch(/^https:/)
      expect([image.description, image.descriptions['it']].every(Boolean)).toBe(true)
    }
  })
})

describe("an administrator's ConfigMaps", () => {
  it('add, change and hide images', () => {
    const { images, problems } = readCatalog([
      configMap('b', '- {id: debian-13, name: House Debian}\n- {id: cirros, hidden: true}\n'),
      configMap('a', '- {id: ours, name: Ours, files: {amd64: {url: "http://images.lan/ours.qcow2"}}}\n'),
    ])
    expect(problems).toEqual([])
    expect(images[0]).toMatchObject({ id: 'ours', minimumMemory: '512Mi', seed: 'cloud-init' })
    const debian = images.find((image) => image.id === 'debian-13')
    expect(debian).toMatchObject({ name: 'House Debian', defaultUser: 'debian' })
    expect(images.some((image) => image.id === 'cirros')).toBe(false)
  })

  it.each([
    ['not: a list', /must be a list/],
    ['- {name: no id}', /Entry 1: id/],
    ['- {id: x, name: X, files: {amd64: {url: "ftp://x/y"}}}', /Entry 1 \(x\): files\.amd64\.url must be an http/],
    ['- {id: x, name: X, files: {}}', /needs at least one architecture/],
    ['- {id: x, name: X, minimumDisk: huge, files: {amd64: {url: "http://x/y"}}}', /minimumDisk must be a size/],
    ['- [\n', /not YAML/],
  ])('that are wrong are named and spoil nothing else: %s', (text, message) => {
    const { images, problems } = readCatalog([configMap('house', text)])
    expect(images).toHaveLength(defaultImages.length)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ configMap: 'house', message: expect.stringMatching(message) })
  })
})

describe('the demo guest', () => {
  it('is an entry that the catalog reads, first of all', () => {
    const { images, problems } = readCatalog([buildDemoCatalogConfigMap({ apiServerUrl: 'https://127.0.0.1:8007' })])
    expect(problems).toEqual([])
    expect(images[0]).toMatchObject({ id: 'chiave-demo', certConfigMap: 'kube-root-ca.crt' })
    expect(catalogImageSchema.parse(images[0]).files.amd64?.url).toBe('https://127.0.0.1:8007/images/chiave-demo.qcow2')
  })
})
