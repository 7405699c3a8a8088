import { expect, test } from 'vitest'
import { productionPackages } from '../licences/notices.mjs'
import { buildSbom } from './generate.mjs'

interface Component {
  name: string
  version: string
  purl: string
  licenses?: unknown[]
}

test('the bill of materials is CycloneDX and names every package of the product with its version', {
  timeout: 60_000,
}, () => {
  const text = buildSbom()
  // npm's own output.
  const sbom = JSON.parse(text) as { bomFormat: string; specVersion: string; components: Component[] }
  expect(sbom.bomFormat).toBe('CycloneDX')
  const listed = new Set(sbom.components.map(({ purl }) => decodeURIComponent(purl)))
  for (const { name, version } of productionPackages()) expect(listed).toContain(`pkg:npm/${name}@${version}`)
  expect(sbom.components.map(({ name }) => name)).not.toContain('vitest')
})
