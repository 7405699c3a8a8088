import { execFile, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { fetchKubectl, kubectlVersions } from '@/scripts/kubectl/fetch.mjs'
import { configMap, define, randomName, useApi, widget, widgetDefinition } from './support/suite'

/** Stock kubectl: the one on the PATH, and in full runs newer ones, which are downloaded. */
const api = useApi('kubectl')
const run = promisify(execFile)
const isFull = process.env['CHIAVE_TEST_FULL'] !== undefined
const group = `${randomName('g')}.example.com`

let scratch: string
beforeAll(async () => {
  scratch = fs.mkdtempSync(path.join(tmpdir(), 'chiave-kubectl-'))
  const spec = { note: { type: 'string', description: 'What a widget says.' } }
  const additionalPrinterColumns = [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }]
  await define(
    api,
    widgetDefinition({ group, spec, version: { additionalPrinterColumns }, names: { shortNames: ['wdg'] } }),
  )
})
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }))

interface Client {
  name: string
  file: string | undefined
}

function clients(): Client[] {
  return [
    { name: 'kubectl on the PATH', file: onPath() },
    ...kubectlVersions.map((minor) => ({
      name: `kubectl 1.${minor}`,
      file: isFull ? fetchKubectl(minor) : undefined,
    })),
  ]
}

function onPath(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim()
  } catch {
    // There is none: nothing to try.
    return undefined
  }
}

describe.each(clients())('$name', ({ name, file = '' }) => {
  const args = () => [
    '--kubeconfig',
    inject('kubeconfig'),
    ...(inject('context') ? ['--context', inject('context')] : []),
    '-n',
    api.namespace,
  ]
  const env = () => ({ ...process.env, HOME: scratch, EDITOR: "sed -i 's/first/second/'", KUBE_EDITOR: '' })

  /** What it prints; with `input` as its `-f`. */
  async function kubectl(words: string[], input?: object): Promise<string> {
    const { output, code } = await attempt(words, input)
    if (code !== 0) throw new Error(`kubectl ${words.join(' ')}: ${output}`)
    return output
  }

  async function attempt(words: string[], input?: object): Promise<{ output: string; code: number }> {
    const manifest = path.join(scratch, `${randomName('m')}.json`)
    if (input !== undefined) fs.writeFileSync(manifest, JSON.stringify(input))
    const all = [...args(), ...words, ...(input === undefined ? [] : ['-f', manifest])]
    try {
      const { stdout, stderr } = await run(file, all, { env: env(), timeout: 60_000 })
      return { output: stdout + stderr, code: 0 }
    } catch (error) {
      if (!(error instanceof Error) || !('stdout' in error) || !('stderr' in error) || !('code' in error)) throw error
      return { output: `${String(error.stdout)}${String(error.stderr)}`, code: Number(error.code) }
    }
  }

  const slug = name.replace(/\W+/g, '-').toLowerCase()
  const minor = Number(/1\.(\d+)/.exec(name)?.[1] ?? 20)

  test.skipIf(file === '')('finds what is served', async () => {
    expect(await kubectl(['api-resources'])).toMatch(new RegExp(`^widgets +wdg +${group}/v1 +true +Widget$`, 'm'))
    expect(await kubectl(['api-versions'])).toContain(`${group}/v1`)
    expect(await kubectl(['version'])).toMatch(/Server Version: .*1\.\d+/)
  })

  test.skipIf(file === '')('explains kinds down to a field', async () => {
    expect(await kubectl(['explain', `widgets.${group}`])).toMatch(/KIND:\s+Widget/)
    expect(await kubectl(['explain', `widgets.spec.note`, `--api-version=${group}/v1`])).toContain(
      'What a widget says.',
    )
    expect(await kubectl(['explain', 'configmap.data'])).toMatch(/FIELD:\s+data/)
  })

  test.skipIf(file === '')('applies, edits, labels, patches, waits for and deletes', async () => {
    const own = `${slug}-flow`
    const map = configMap(own, { text: 'first' })
    expect(await kubectl(['apply'], map)).toContain(`configmap/${own} created`)
    expect(await kubectl(['apply'], map)).toContain(`configmap/${own} unchanged`)
    expect(await kubectl(['apply'], configMap(own, { text: 'first', more: 'x' }))).toContain(
      `configmap/${own} configured`,
    )
    expect(await kubectl(['edit', 'configmap', own])).toContain(`configmap/${own} edited`)
    expect(await kubectl(['get', 'configmap', own, '-o', 'jsonpath={.data.text}'])).toBe('second')
    expect(await kubectl(['label', 'configmap', own, 'tier=front'])).toContain('labeled')
    expect(await kubectl(['annotate', 'configmap', own, 'note=x'])).toContain('annotated')
    expect(await kubectl(['patch', 'configmap', own, '-p', '{"data":{"more":null}}'])).toContain('patched')
    expect(await kubectl(['get', 'configmaps', '-l', 'tier=front', '-o', 'name'])).toBe(`configmap/${own}\n`)
    expect(await kubectl(['get', 'configmap', own])).toMatch(/^NAME +DATA +AGE\n\S+ +1 +\d+s/)
    expect(await kubectl(['wait', '--for=condition=NamesAccepted', `crd/widgets.${group}`, '--timeout=20s'])).toContain(
      'condition met',
    )
    expect(await kubectl(['delete', 'configmap', own, '--cascade=foreground'])).toContain('deleted')
    expect((await attempt(['get', 'configmap', own])).output).toContain(
      `Error from server (NotFound): configmaps "${own}" not found`,
    )
  })

  test.skipIf(file === '')('applies on the server, with conflicts', async () => {
    const own = `${slug}-server`
    const apply = ['apply', '--server-side']
    expect(await kubectl(apply, configMap(own, { a: '1' }))).toContain(`configmap/${own} serverside-applied`)
    const refused = await attempt([...apply, '--field-manager=other'], configMap(own, { a: '2' }))
    expect(refused.code).not.toBe(0)
    expect(refused.output).toContain('Apply failed with 1 conflict: conflict with "kubectl": .data.a')
    const forced = [...apply, '--field-manager=other', '--force-conflicts']
    expect(await kubectl(forced, configMap(own, { a: '2' }))).toContain('serverside-applied')
  })

  test.skipIf(file === '')('goes over from its own applying to the server’s', async () => {
    const own = `${slug}-migrate`
    await kubectl(['apply'], configMap(own, { a: '1', b: '1' }))
    expect(await kubectl(['apply', '--server-side'], configMap(own, { a: '2', b: '1' }))).toContain(
      'serverside-applied',
    )
    expect(await kubectl(['get', 'configmap', own, '-o', 'jsonpath={.data.a}'])).toBe('2')
  })

  test.skipIf(file === '')('shows what would be different', async () => {
    const own = `${slug}-diff`
    await kubectl(['apply'], configMap(own, { a: '1' }))
    const same = await attempt(['diff'], configMap(own, { a: '1' }))
    expect([same.code, same.output]).toEqual([0, ''])
    const other = await attempt(['diff'], configMap(own, { a: '2' }))
    expect(other.code).toBe(1)
    expect(other.output).toMatch(/^-\s+a: "1"$/m)
    expect(other.output).toMatch(/^\+\s+a: "2"$/m)
  })

  test.skipIf(file === '')('applies and scales custom kinds, and sees their columns', async () => {
    const own = `${slug}-widget`
    expect(await kubectl(['apply'], widget(group, own, { size: 1 }))).toContain(`widget.${group}/${own} created`)
    expect(await kubectl(['scale', `widgets.${group}`, own, '--replicas=3'])).toContain('scaled')
    expect(await kubectl(['get', `widgets.${group}`, own])).toMatch(/^NAME +SIZE\n\S+ +3\n/)
    if (minor >= 24) {
      const patch = [
        'patch',
        `widgets.${group}`,
        own,
        '--subresource=status',
        '--type=merge',
        '-p',
        '{"status":{"phase":"Good"}}',
      ]
      expect(await kubectl(patch)).toContain('patched')
      const wait = ['wait', `widgets.${group}/${own}`, '--for=jsonpath={.status.phase}=Good', '--timeout=20s']
      expect(await kubectl(wait)).toContain('condition met')
    }
    expect(await kubectl(['delete', `widgets.${group}`, own])).toContain('deleted')
  })

  test.skipIf(file === '')('refuses unknown fields', async () => {
    const wrong = { ...widget(group, `${slug}-wrong`, { size: 1, shape: 'round' }) }
    const { code, output } = await attempt(['apply'], wrong)
    expect(code).not.toBe(0)
    expect(output).toMatch(/unknown field "(spec\.)?shape"/)
  })

  test.skipIf(file === '')('makes and exposes services, which get addresses and ports', async () => {
    const own = `${slug}-svc`
    expect(await kubectl(['create', 'service', 'clusterip', own, '--tcp=80:8080'])).toContain(`service/${own} created`)
    expect(await kubectl(['get', 'service', own])).toMatch(/\n\S+ +ClusterIP +[\d.a-f:]+ +<none> +80\/TCP /)
    const expose = ['expose', 'service', own, '--port=80', '--type=NodePort', `--name=${own}-out`]
    expect(await kubectl(expose)).toContain(`service/${own}-out exposed`)
    expect(await kubectl(['get', 'service', `${own}-out`])).toMatch(/\n\S+ +NodePort +[\d.a-f:]+ +<none> +80:\d+\/TCP /)
    expect(await kubectl(['delete', 'service', own, `${own}-out`])).toContain(`service "${own}-out" deleted`)
  })

  test.skipIf(file === '')('asks what one may', async () => {
    expect(await kubectl(['auth', 'can-i', 'create', 'configmaps'])).toContain('yes')
    const as = ['--as', 'nobody@example.com', 'auth', 'can-i', 'create', 'configmaps']
    expect((await attempt(as)).output).toContain('no')
    if (minor >= 28) expect(await kubectl(['auth', 'whoami'])).toMatch(/Username +\S+/)
  })

  test.skipIf(file === '')('watches', async () => {
    const own = `${slug}-watched`
    const watch = spawn(file, [...args(), 'get', 'configmaps', '-w', '-l', `w=${slug}`], {
      env: env(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      let output = ''
      watch.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
      await kubectl(['create'], configMap(own, {}, { w: slug }))
      await expect.poll(() => output, { timeout: 20_000 }).toContain(own)
    } finally {
      watch.kill()
    }
  })
})
