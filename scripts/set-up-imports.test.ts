import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

/** Packages that a script and all it imports at once need; imports made later, by `import()`, do not count. */
function packagesOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const text = fs.readFileSync(file, 'utf8')
  const names = [...text.matchAll(/^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm)].map(
    ([, from, alone]) => from ?? alone ?? '',
  )
  return names.flatMap((name) => {
    if (name.startsWith('node:')) return []
    return name.startsWith('.') ? packagesOf(path.resolve(path.dirname(file), name), seen) : [`${file}: ${name}`]
  })
}

test.each(['start', 'test', 'login', 'state', 'build'])('npm run %s begins without any package installed', (script) => {
  expect(packagesOf(path.join(import.meta.dirname, `${script}.mjs`))).toEqual([])
})
