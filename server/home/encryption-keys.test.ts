import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readEncryptionKeys, rotateEncryptionKey } from './encryption-keys'
import { type Home, openHome } from './home'

let directory: string
let home: Home
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-keys-'))
  home = openHome(path.join(directory, 'home'), { asRoot: false })
  home.directory({ path: home.file('cluster'), mode: 0o700 })
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('a replaced key is kept until its file is removed', () => {
  const first = readEncryptionKeys(home)
  expect(first.older).toEqual([])
  expect(readEncryptionKeys(home)).toEqual(first)
  rotateEncryptionKey(home)
  const second = readEncryptionKeys(home)
  expect(second.older).toEqual([first.current])
  expect(second.current.equals(first.current)).toBe(false)
  rotateEncryptionKey(home)
  expect(readEncryptionKeys(home).older).toEqual([second.current, first.current])
  rmSync(second.olderFile)
  expect(readEncryptionKeys(home).older).toEqual([])
})
