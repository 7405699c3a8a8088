import { createPrivateKey, X509Certificate } from 'node:crypto'
import fs from 'node:fs'
import { StartError } from '../start-error'
import type { SupervisedProcess } from './supervised-process'

export interface CertificateFiles {
  /** PEM, the chain included. */
  certificate: string
  key: string
}

type TlsPair = { certificate: string; key: string }

const lookMs = 10_000

/** Reads `--tls-certificate` and `--tls-key`. Throws a StartError when they are no pair, or are not valid now. */
export function readCertificateFiles(files: CertificateFiles, now: number = Date.now()): TlsPair {
  const pair = { certificate: read('--tls-certificate', files.certificate), key: read('--tls-key', files.key) }
  const weakness = mismatchOf(pair, now)
  if (weakness !== undefined) throw new StartError(`--tls-certificate ${files.certificate}: ${weakness}`)
  return pair
}

function read(option: string, file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartError(`${option}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function mismatchOf({ certificate, key }: TlsPair, now: number): string | undefined {
  try {
    const first = new X509Certificate(certificate)
    if (!first.checkPrivateKey(createPrivateKey(key))) return 'the key belongs to another certificate.'
    if (Date.parse(first.validTo) <= now) return `the certificate ended on ${first.validTo}.`
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/**
 * Hands a pair over when its files have changed, and once they fit each other: whoever renews certificates writes two
 * files, one after the other. Files are looked at, not watched, since links to them are what changes as a rule.
 * `interval`: milliseconds. Returns what stops it.
 */
export function followCertificateFiles(options: {
  files: CertificateFiles
  server: Pick<SupervisedProcess, 'takeTls'>
  say(line: string): void
  interval?: number
}): () => void {
  const { files, server, say, interval = lookMs } = options
  let current = readCertificateFiles(files)
  let complained = ''
  const look = (): void => {
    try {
      const pair = readCertificateFiles(files)
      complained = ''
      if (pair.certificate === current.certificate && pair.key === current.key) return
      current = pair
      server.takeTls(pair)
      say('New connections to the console get its new certificate.')
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error)
      if (sentence !== complained) say(`The console keeps its certificate: ${sentence}`)
      complained = sentence
    }
  }
  const timer = setInterval(look, interval)
  timer.unref()
  return () => clearInterval(timer)
}
