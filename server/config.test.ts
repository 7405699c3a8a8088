import { describe, expect, it } from 'vitest'
import { isLoopback, parseConfig } from './config'

describe('the command line', () => {
  it('falls back to the documented defaults', () => {
    const config = parseConfig([], {})
    expect(config).toMatchObject({
      port: 8006,
      apiPort: 8007,
      host: '127.0.0.1',
      cluster: 'embedded',
      nodes: 1,
      stopVms: false,
    })
    expect([...config.run]).toEqual(['console', 'platform', 'api', 'engine'])
  })

  it('takes every option from the environment too, and the command line wins', () => {
    const env = { CHIAVE_PORT: '9000', CHIAVE_API_PORT: '9100', CHIAVE_HOME: '/tmp/a', CHIAVE_STOP_VMS: 'true' }
    expect(parseConfig([], env)).toMatchObject({ port: 9000, apiPort: 9100, home: '/tmp/a', stopVms: true })
    expect(parseConfig(['--port', '9001', '--home', '/tmp/b'], env)).toMatchObject({ port: 9001, home: '/tmp/b' })
  })

  it('puts the API one port above the console', () => {
    expect(parseConfig(['--port', '9000'], {}).apiPort).toBe(9001)
  })

  it('never selects a cluster because of a KUBECONFIG in the environment', () => {
    const env = { KUBECONFIG: '/somewhere/config' }
    expect(parseConfig([], env)).toMatchObject({ cluster: 'embedded', kubeconfig: undefined })
    expect(parseConfig(['--cluster', 'kubeconfig'], env).kubeconfig).toBe('/somewhere/config')
  })

  it.each([
    [['--port', 'eighty'], /--port/],
    [['--port', '70000'], /--port/],
    [['--cluster', 'openshift'], /--cluster/],
    [['--run', 'console,kitchen'], /--run.*kitchen/],
    [['--frobnicate'], /--frobnicate/],
    [['--import-deny', 'loopback,home'], /--import-deny.*home/],
    [['--port', '8006', '--api-port', '8006'], /--api-port/],
    [['stray'], /stray/],
    [['--nodes', '2'], /one node/],
    [['--stop-vms', '--cluster', 'kubeconfig'], /embedded cluster/],
  ])('refuses %j and names what is wrong', (argv, message) => {
    expect(() => parseConfig(argv, {})).toThrow(message)
  })
})

describe('loopback addresses', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['localhost', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['192.168.1.2', false],
    ['127.example.org.evil', false],
  ])('%s is loopback: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })
})
