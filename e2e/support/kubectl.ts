import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import https from 'node:https'
import { test } from '@playwright/test'
import * as YAML from 'yaml'
import type { KubeObject } from '@/contract/kube-object'

export interface Kubectl {
  (...args: string[]): string
  apply(manifest: string | object): string
  json<T = KubeObject>(...args: string[]): T
}

/**
 * Skips the tests of the file or of the hook it is called in, with the reason, where there is no `kubectl`: on Debian
 * `npm test` installs it. Continuous integration must not pass without it.
 */
export function skipWithoutKubectl(): void {
  const found = (process.env['PATH'] ?? '').split(':').some((directory) => fs.existsSync(`${directory}/kubectl`))
  const reason = 'kubectl is not installed (Debian package kubernetes-client)'
  if (!found && process.env['CI'] !== undefined)
    throw new Error(`${reason}, and these tests must not be skipped in CI.`)
  test.skip(!found, reason)
}

/** The real `kubectl` with an instance's kubeconfig. */
export function kubectlFor(kubeconfig: string): Kubectl {
  const run = (args: string[], input?: string): string =>
    execFileSync('kubectl', ['--kubeconfig', kubeconfig, ...args], {
      ...(input === undefined ? {} : { input }),
      encoding: 'utf8',
      timeout: 120_000,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  return Object.assign((...args: string[]) => run(args), {
    apply: (manifest: string | object) =>
      run(['apply', '-f', '-'], typeof manifest === 'string' ? manifest : JSON.stringify(manifest)),
    // The caller names the type of what it asked for.
    json: <T>(...args: string[]) => JSON.parse(run([...args, '-o', 'json'])) as T,
  })
}

/** A call with the kubeconfig's own credentials, for subresources that kubectl has no verb for. */
export async function callApi(
  kubeconfig: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: string }> {
  const { server, ca, token } = readKubeconfig(kubeconfig)
  return new Promise((resolve, reject) => {
    const request = https.request(`${server}${path}`, {
      method,
      ca,
      headers: { authorization: `Bearer ${token}`, accept: '*/*', 'content-type': 'application/json' },
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
    })
    request.on('error', reject)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

export function readKubeconfig(file: string): { server: string; ca: string; token: string } {
  // Written by the instance under test in the one shape it writes.
  const config = YAML.parse(fs.readFileSync(file, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
    users: { user: { token: string } }[]
  }
  const cluster = config.clusters[0]?.cluster
  return {
    server: cluster?.server ?? '',
    ca: Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString(),
    token: config.users[0]?.user.token ?? '',
  }
}

/** Asks until the answer satisfies; fails with the last answer. */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  satisfies: (answer: T) => boolean,
  seconds = 60,
): Promise<T> {
  const deadline = Date.now() + seconds * 1_000
  let last: unknown
  while (Date.now() < deadline) {
    try {
      const answer = await ask()
      last = answer
      if (satisfies(answer)) return answer
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(
    `${what}: not within ${seconds} s; last seen: ${last instanceof Error ? last.message : JSON.stringify(last)?.slice(0, 2_000)}`,
  )
}
