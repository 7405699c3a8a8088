import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ConfigMap, configMapKind } from '@/contract/kinds/core'
import { ApiFailure, createKubeApi, type KubeApi } from './api'

interface Call {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: unknown
}

describe('the API of a cluster', () => {
  const calls: Call[] = []
  let answers: { code: number; type?: string; body: string }[] = []
  let server: Server
  let api: KubeApi
  const onSignedOut = vi.fn()

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk) => {
        text += chunk
      })
      request.on('end', () => {
        const { method = '', url = '', headers } = request
        calls.push({ method, url, headers, body: text === '' ? undefined : JSON.parse(text) })
        const answer = answers.shift() ?? { code: 200, body: '{}' }
        response.writeHead(answer.code, { 'content-type': answer.type ?? 'application/json' }).end(answer.body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    api = createKubeApi({ cluster: 'my lab', csrfToken: 'token', onSignedOut, origin })
  })

  afterAll(() => server.close())

  beforeEach(() => {
    calls.length = 0
    answers = []
    onSignedOut.mockClear()
  })

  const configMap: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a b', namespace: 'n' },
    data: { k: 'v' },
  }
  const failure = async (call: Promise<unknown>): Promise<ApiFailure> => {
    const error = await call.then(
      () => undefined,
      (cause: unknown) => cause,
    )
    if (!(error instanceof ApiFailure)) throw new Error(`expected an ApiFailure, got ${String(error)}`)
    return error
  }

  it('reads below the cluster, without a token that only changes need', async () => {
    await api.get(configMapKind, { namespace: 'n', name: 'a b' })
    expect(calls[0]).toMatchObject({ method: 'GET', url: '/k8s/my%20lab/api/v1/namespaces/n/configmaps/a%20b' })
    expect(calls[0]?.headers['x-chiave-csrf']).toBeUndefined()
    expect(calls[0]?.headers.accept).toBe('*/*')
  })

  it('follows the pages of a long list', async () => {
    answers = [
      { code: 200, body: JSON.stringify({ metadata: { continue: 'next' }, items: [{ metadata: { name: 'a' } }] }) },
      { code: 200, body: JSON.stringify({ metadata: { resourceVersion: '9' }, items: [{ metadata: { name: 'b' } }] }) },
    ]
    const list = await api.list(configMapKind, { namespace: 'n', labelSelector: 'a=b,c' })
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    expect(list.metadata.resourceVersion).toBe('9')
    expect(calls.map(({ url }) => url.split('?')[1])).toEqual([
      'labelSelector=a%3Db%2Cc',
      'labelSelector=a%3Db%2Cc&continue=next',
    ])
  })

  it('writes with the token, and tries out without storing', async () => {
    await api.create(configMapKind, configMap, { dryRun: true })
    await api.replace(configMapKind, configMap)
    await api.patch(configMapKind, configMap.metadata, { type: 'merge', body: { data: null } })
    await api.patch(configMapKind, configMap.metadata, { type: 'json', body: [] })
    expect(calls.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /k8s/my%20lab/api/v1/namespaces/n/configmaps?dryRun=All',
      'PUT /k8s/my%20lab/api/v1/namespaces/n/configmaps/a%20b',
      'PATCH /k8s/my%20lab/api/v1/namespaces/n/configmaps/a%20b',
      'PATCH /k8s/my%20lab/api/v1/namespaces/n/configmaps/a%20b',
    ])
    expect(calls.every(({ headers }) => headers['x-chiave-csrf'] === 'token')).toBe(true)
    expect(calls.map(({ headers }) => headers['content-type'])).toEqual([
      'application/json',
      'application/json',
      'application/merge-patch+json',
      'application/json-patch+json',
    ])
    expect(calls[0]?.body).toEqual(configMap)
  })

  it('deletes as asked', async () => {
    await api.remove(configMapKind, configMap.metadata, { gracePeriodSeconds: 0, propagationPolicy: 'Orphan' })
    expect(calls[0]?.body).toMatchObject({ gracePeriodSeconds: 0, propagationPolicy: 'Orphan' })
  })

  it('answers a call outside the verbs with what came: JSON, text or nothing', async () => {
    answers = [
      { code: 200, body: '{"gitVersion":"v1"}' },
      { code: 200, type: 'text/plain', body: 'ok' },
      { code: 202, body: '' },
    ]
    expect(await api.call('GET', '/version')).toEqual({ gitVersion: 'v1' })
    expect(await api.call('GET', '/healthz')).toBe('ok')
    expect(await api.call('PUT', '/apis/x/start', {})).toBeUndefined()
  })

  it('fails with the words and causes of the server', async () => {
    const status = {
      kind: 'Status',
      status: 'Failure',
      message: 'VM is already running',
      reason: 'Conflict',
      code: 409,
    }
    answers = [{ code: 409, body: JSON.stringify(status) }]
    const error = await failure(api.call('PUT', '/apis/x/start', {}))
    expect(error).toMatchObject({ code: 409, reason: 'Conflict', message: 'VM is already running' })
  })

  it('makes a status of plain words, and hides a page of HTML', async () => {
    answers = [
      { code: 500, type: 'text/plain', body: 'guest agent is not connected' },
      { code: 502, type: 'text/html', body: '<html>nginx</html>' },
    ]
    expect(await failure(api.call('GET', '/x'))).toMatchObject({ code: 500, message: 'guest agent is not connected' })
    expect(await failure(api.call('GET', '/x'))).toMatchObject({ code: 502, message: '502 Bad Gateway' })
  })

  it('tells who is signed out so, and still fails', async () => {
    answers = [{ code: 401, body: '' }]
    expect((await failure(api.call('GET', '/x'))).code).toBe(401)
    expect(onSignedOut).toHaveBeenCalledOnce()
  })

  it('fails with code 0 when nobody answers', async () => {
    const away = createKubeApi({ cluster: 'a', csrfToken: '', onSignedOut, origin: 'http://127.0.0.1:1' })
    expect(await failure(away.call('GET', '/x'))).toMatchObject({ code: 0, reason: 'NetworkFailure' })
  })
})
