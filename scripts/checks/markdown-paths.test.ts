import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { missingPaths } from './markdown-paths.mjs'

let root: string
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'chiave-docs-'))
  fs.mkdirSync(path.join(root, 'docs'))
  fs.mkdirSync(path.join(root, 'server'))
  fs.writeFileSync(path.join(root, 'server', 'main.ts'), '')
  fs.writeFileSync(path.join(root, 'docs', 'a.md'), '')
})
afterEach(() => fs.rmSync(root, { recursive: true }))

describe('missingPaths', () => {
  test('accepts links and code that name what exists, relative to the document and to the root', () => {
    expect(missingPaths('docs/b.md', '[a](a.md#top) [m](../server/main.ts) `server/main.ts` `server/`', root)).toEqual(
      [],
    )
  })

  test('finds a link and a path that lead nowhere', () => {
    expect(missingPaths('docs/b.md', '[c](c.md) and `server/gone.ts`', root)).toEqual(['c.md', 'server/gone.ts'])
  })

  test('leaves addresses, commands, placeholders, foreign and generated paths alone', () => {
    const text =
      '[w](https://example.org/x) `npm run x` `server/<kind>/` `/var/lib/chiave` `run/cluster.sock` `dist/main.js`'
    expect(missingPaths('docs/b.md', text, root)).toEqual([])
  })

  test('does not read blocks of code', () => {
    expect(missingPaths('b.md', 'x\n```\n`server/none.ts`\n```\n', root)).toEqual([])
  })
})
