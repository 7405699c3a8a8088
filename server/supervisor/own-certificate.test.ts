import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ensureCertificates } from '../home/certificates'
import { StartError } from '../start-error'
import { followCertificateFiles, readCertificateFiles } from './own-certificate'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chiave-own-certificate-'))
})
afterEach(() => rm(directory, { recursive: true }))

const files = () => ({ certificate: join(directory, 'own.crt'), key: join(directory, 'own.key') })

async function pairOf(authority: string) {
  const certificates = await ensureCertificates({ directory: join(directory, authority), hosts: ['console.example'] })
  return certificates.server('console')
}

async function write({ cert, key }: { cert: string; key: string }) {
  await writeFile(files().key, key)
  await writeFile(files().certificate, cert)
}

it('a certificate of the person’s own is refused with a sentence when it is none, is over, or has another key', async () => {
  expect(() => readCertificateFiles(files())).toThrow(StartError)
  const [one, other] = [await pairOf('one'), await pairOf('other')]
  await write(one)
  expect(readCertificateFiles(files())).toEqual({ certificate: one.cert, key: one.key })
  expect(() => readCertificateFiles(files(), Date.now() + 400 * 24 * 60 * 60 * 1000)).toThrow(/ended on/)
  await write({ cert: one.cert, key: other.key })
  expect(() => readCertificateFiles(files())).toThrow(/another certificate/)
  await write({ cert: 'none', key: one.key })
  expect(() => readCertificateFiles(files())).toThrow(StartError)
})

it('files that change are taken into use once both fit, and said to be unfit until then', async () => {
  const [one, other] = [await pairOf('one'), await pairOf('other')]
  await write(one)
  const taken: unknown[] = []
  const said: string[] = []
  const stop = followCertificateFiles({
    files: files(),
    server: { takeTls: (pair) => void taken.push(pair) },
    say: (line) => void said.push(line),
    interval: 10,
  })
  await writeFile(files().certificate, other.cert)
  await expect.poll(() => said).toHaveLength(1)
  expect(said[0]).toContain('keeps its certificate')
  expect(taken).toEqual([])
  await writeFile(files().key, other.key)
  await expect.poll(() => taken).toEqual([{ certificate: other.cert, key: other.key }])
  stop()
})
