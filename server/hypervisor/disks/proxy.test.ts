import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { openTunnel, proxyFor } from './proxy'

const settings = {
  https_proxy: 'http://proxy.test:3128',
  HTTP_PROXY: 'proxy.test',
  no_proxy: 'internal.test,.lab:8080 10.0.0.1',
}

test.each([
  ['https://example.org/x', 'http://proxy.test:3128/'],
  ['http://example.org/x', 'http://proxy.test/'],
  ['https://internal.test/x', undefined],
  ['https://a.internal.test/x', undefined],
  ['http://a.lab:8080/x', undefined],
  ['http://a.lab/x', 'http://proxy.test/'],
  ['http://10.0.0.1/x', undefined],
  ['https://127.0.0.1:8007/images/chiave-demo.qcow2', undefined],
  ['https://localhost:8007/x', undefined],
])('%s goes by way of %s', (url, proxy) => {
  expect(proxyFor(new URL(url), settings)?.href).toBe(proxy)
})

test('a tunnel leads through the proxy to the target', async () => {
  const target = createServer((_request, response) => response.end('inside'))
  const asked: (string | undefined)[] = []
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url, request.headers['proxy-authorization'])
    const [, port] = (request.url ?? '').split(':')
    const onward = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
  })
  const ports = await Promise.all(
    [target, proxy].map(
      (server) =>
        // A TCP server's address is never a string.
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
        ),
    ),
  )
  try {
    const way = new URL(`http://anna:pw@127.0.0.1:${ports[1]}`)
    const socket = await openTunnel(way, new URL(`https://127.0.0.1:${ports[0]}/`), () => undefined)
    socket.end('GET / HTTP/1.0\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/inside$/)
    expect(asked).toEqual([`127.0.0.1:${ports[0]}`, `Basic ${Buffer.from('anna:pw').toString('base64')}`])
  } finally {
    target.close()
    proxy.close()
  }
})
