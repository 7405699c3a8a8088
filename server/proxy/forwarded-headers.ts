import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

/** RFC 9110, 7.6.1, and what older servers understand. */
const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** What is between the browser and us alone; the API server learns who calls from the connection's identity. */
const notForTheApi =
  /^(host|cookie|authorization|origin|referer|forwarded|via|x-real-ip|x-forwarded-.*|x-remote-.*|impersonate-.*|sec-fetch-.*|sec-ch-.*|sec-gpc|dnt|priority|upgrade-insecure-requests|x-chiave-.*|x-nonce|x-request-id|content-security-policy)$/

/** What a service behind the API's proxy subresource must not do to our origin. */
const notForTheBrowser =
  /^(set-cookie|clear-site-data|service-worker-allowed|strict-transport-security|alt-svc|link|refresh|public-key-pins|access-control-.*|content-security-policy.*|x-frame-options|x-request-id|server|report-to|reporting-endpoints|nel)$/

/** Headers of a browser's request that may go on to an API server. */
export function forwardedRequestHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const dropped = namedByConnection(headers)
  const kept: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || dropped.has(name) || notForTheApi.test(name)) continue
    kept[name] = value
  }
  return kept
}

/** As for a request, with what an upgrade needs. */
export function forwardedUpgradeHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept = forwardedRequestHeaders(headers)
  kept['upgrade'] = headers.upgrade
  delete kept['content-length']
  const offered = headers['sec-websocket-protocol']
  if (offered !== undefined) {
    // A token offered as a subprotocol would be a second identity beside the session's.
    const protocols = offered.split(',').map((protocol) => protocol.trim())
    const harmless = protocols.filter((protocol) => !protocol.startsWith('base64url.bearer.authorization.k8s.io.'))
    if (harmless.length > 0) kept['sec-websocket-protocol'] = harmless.join(', ')
    else delete kept['sec-websocket-protocol']
  }
  return kept
}

/**
 * Headers of an API server's answer that may go on to a browser, and those that keep whatever a pod serves through the
 * API from acting in the console's name: `sandbox` gives a document an origin of its own and no scripts.
 */
export function forwardedResponseHeaders(headers: IncomingHttpHeaders, cluster: string): OutgoingHttpHeaders {
  const dropped = namedByConnection(headers)
  const kept: OutgoingHttpHeaders = { 'cache-control': 'no-store' }
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || dropped.has(name) || notForTheBrowser.test(name)) continue
    kept[name] = value
  }
  const { location } = headers
  if (location?.startsWith('/') && !location.startsWith('//')) {
    kept['location'] = `/k8s/${encodeURIComponent(cluster)}${location}`
  } else {
    delete kept['location']
  }
  kept['content-security-policy'] = "sandbox; default-src 'none'; frame-ancestors 'none'"
  kept['x-content-type-options'] = 'nosniff'
  return kept
}

function namedByConnection({ connection }: IncomingHttpHeaders): Set<string> {
  return new Set(connection?.split(',').map((name) => name.trim().toLowerCase()))
}
