import { describe, expect, test } from 'vitest'
import { flagNames, optionNames, parseConfig } from '@/server/config'
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

  test('are the same here and in the server, values and flags alike', () => {
    const answeredHere = ['help', 'version']
    const passedOn = Object.keys(startOptions).filter((name) => !answeredHere.includes(name))
    expect(passedOn.sort()).toEqual([...optionNames].sort())
    const flags = passedOn.filter((name) => startOptions[name]?.value === undefined)
    expect(flags.sort()).toEqual([...flagNames].sort())
  })

  test.each([['--nodes', '3'], ['--install-service'], ['--uninstall-service']])(
    '%s is refused at once, in the one sentence that the server has for it',
    (...argv) => {
      const sentenceOf = (refuse: () => unknown) => {
        try {
          return refuse()
        } catch (error) {
          return error instanceof Error ? error.message : error
        }
      }
      const here = sentenceOf(() => parseStartOptions(argv, env()))
      expect(here).toMatch(/^--[a-z-]+( 3)?(:| is not available) [^\n]+\.$/)
      expect(sentenceOf(() => parseConfig(argv, env()))).toBe(here)
    },
  )

  test('one node is what there is, also when it is asked for', () => {
    expect(parseConfig(['--nodes', '1'], env()).nodes).toBe(1)
    expect(() => parseStartOptions(['--nodes', '1'], env())).not.toThrow()
  })
})
