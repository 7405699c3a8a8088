import { describe, expect, test } from 'vitest'
import { parseConfig } from '@/server/config'
import { helpText, parseStartOptions, startOptions } from './options.mjs'

const env = (variables: Record<string, string> = {}) => ({ NODE_ENV: 'test' as const, ...variables })

describe('the options of npm start', () => {
  test('by default ask for an embedded cluster with database and hypervisor', () => {
    expect(parseStartOptions([], env())).toMatchObject({
      cluster: 'embedded',
      home: undefined,
      needsDatabase: true,
      needsHypervisor: true,
      noInstall: false,
    })
  })

  test('with a cluster ask for neither', () => {
    expect(parseStartOptions(['--cluster', 'kubeconfig'], env())).toMatchObject({
      needsDatabase: false,
      needsHypervisor: false,
    })
  })

  test('ask only for what the chosen parts need', () => {
    expect(parseStartOptions(['--run', 'console,api'], env())).toMatchObject({
      needsDatabase: true,
      needsHypervisor: false,
    })
  })

  test('come from the environment too, and the command line wins', () => {
    const variables = env({ CHIAVE_CLUSTER: 'kubeconfig', CHIAVE_HOME: '/a', CHIAVE_NO_INSTALL: '1' })
    expect(parseStartOptions(['--home', '/b'], variables)).toMatchObject({
      cluster: 'kubeconfig',
      home: '/b',
      noInstall: true,
    })
  })

  test('a KUBECONFIG in the environment selects no cluster', () => {
    expect(parseStartOptions([], env({ KUBECONFIG: '/somewhere' })).cluster).toBe('embedded')
  })

  test('a mistyped name, a missing value and a wrong kind of cluster are refused in one sentence', () => {
    for (const argv of [['--prot', '1'], ['--port'], ['--cluster', 'cloud'], ['stray']]) {
      expect(() => parseStartOptions(argv, env())).toThrow(/^[^\n]+\.$/)
    }
  })

  test('all are explained', () => {
    for (const name of Object.keys(startOptions)) expect(helpText()).toContain(`--${name}`)
  })

  test('the server knows every one that it is given', () => {
    const answeredBeforeTheServer = ['help', 'version', 'install-service', 'uninstall-service']
    const values: Record<string, string> = {
      cluster: 'embedded',
      run: 'console',
      port: '81',
      'api-port': '82',
      nodes: '1',
    }
    for (const [name, { value }] of Object.entries(startOptions)) {
      if (answeredBeforeTheServer.includes(name)) continue
      const argv = value === undefined ? [`--${name}`] : [`--${name}`, values[name] ?? 'x']
      expect(() => parseConfig(argv, env()), name).not.toThrow()
    }
  })
})
