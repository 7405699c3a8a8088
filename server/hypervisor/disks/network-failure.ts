import { ImportFailure, type Retry } from './import-failure'

/** The address for people: without credentials and query, which may carry secrets. */
export function displayUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}

function codeOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && typeof cause.code === 'string') return cause.code
  return ''
}

const TLS_ADVICE = 'Give the certificate of its authority with the import, or correct the server.'

/** By error code of Node and of `http-source.ts`: what happened, `HOST` standing for host and port. */
const explanations: Record<string, readonly [string, Retry]> = {
  ENOTFOUND: ['The name of HOST is not known. Check the address, and the DNS of this host.', 'now'],
  EAI_AGAIN: ['The name of HOST could not be looked up: DNS does not answer. Check the DNS of this host.', 'now'],
  ECONNREFUSED: ['HOST refused the connection. Check the port, and that the server runs.', 'now'],
  EHOSTUNREACH: ['There is no way to HOST from this host. Check its network.', 'now'],
  ENETUNREACH: ['There is no way to HOST from this host. Check its network.', 'now'],
  ETIMEDOUT: ['HOST did not answer in time. Check the address, and firewalls on the way.', 'now'],
  CONNECT_TIMEOUT: ['HOST did not answer in time. Check the address, and firewalls on the way.', 'now'],
  HEADERS_TIMEOUT: ['HOST took the request but did not answer in time.', 'now'],
  BODY_TIMEOUT: ['HOST stopped sending in the middle of the download.', 'now'],
  ECONNRESET: ['HOST broke the connection.', 'now'],
  EPIPE: ['HOST broke the connection.', 'now'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [`HOST has a self-signed certificate that nobody here trusts. ${TLS_ADVICE}`, 'never'],
  SELF_SIGNED_CERT_IN_CHAIN: [
    `The certificate of HOST comes from an authority that is not trusted here. ${TLS_ADVICE}`,
    'never',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    `The certificate of HOST comes from an authority that is not trusted here. ${TLS_ADVICE}`,
    'never',
  ],
  UNABLE_TO_GET_ISSUER_CERT: [
    `The certificate of HOST comes from an authority that is not trusted here. ${TLS_ADVICE}`,
    'never',
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    `The certificate of HOST comes from an authority that is not trusted here. ${TLS_ADVICE}`,
    'never',
  ],
  CERT_HAS_EXPIRED: [
    'The certificate of HOST has expired. Check the clock of this host, or have the server renew it.',
    'never',
  ],
  CERT_NOT_YET_VALID: ['The certificate of HOST is not valid yet. Check the clock of this host.', 'never'],
  CERT_SIGNATURE_FAILURE: [`The certificate of HOST is not signed by the authority it names. ${TLS_ADVICE}`, 'never'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'The certificate of HOST was made for another name. Use the name it was made for.',
    'never',
  ],
  EPROTO: ['HOST does not speak TLS the way this host does. Is it an http:// address?', 'never'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['HOST does not speak TLS on this port. Is it an http:// address?', 'never'],
  HPE_INVALID_CONSTANT: ['HOST does not answer in HTTP. Is it an https:// address?', 'never'],
  HPE_INVALID_VERSION: ['HOST does not answer in HTTP.', 'never'],
}

/** Says in words why a request or its body failed. Errors that are no network's are given back as they are. */
export function explainNetworkError(error: unknown, url: URL): unknown {
  if (error instanceof ImportFailure) return error
  const code = codeOf(error)
  const known = explanations[code]
  if (known) {
    const text = known[0].replace('HOST', url.host)
    return new ImportFailure(text, known[1], { cause: error })
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_'))
    return new ImportFailure(`No TLS connection to ${url.host} could be made (${code}).`, 'never', { cause: error })
  if (code.startsWith('HPE_'))
    return new ImportFailure(`The download from ${url.host} broke off (${code}).`, 'now', { cause: error })
  return error
}

/** Says in words what an answer other than success means. */
export function explainStatus(status: number, url: URL): ImportFailure {
  const where = displayUrl(url)
  if (status === 404 || status === 410)
    return new ImportFailure(
      `There is nothing at ${where} (${status}). Check the address; publishers move images.`,
      'never',
    )
  if (status === 401)
    return new ImportFailure(
      `${where} needs a sign-in (401). Give a secret with the user's name and password.`,
      'never',
    )
  if (status === 403)
    return new ImportFailure(
      `${url.host} does not permit to read ${url.pathname} (403). Check the address and the credentials.`,
      'never',
    )
  if (status === 407) return new ImportFailure(`The proxy on the way to ${url.host} needs a sign-in (407).`, 'never')
  if (status === 429) return new ImportFailure(`${url.host} is asked too often (429). Try again later.`, 'now')
  if (status === 408 || status >= 500)
    return new ImportFailure(`${url.host} has a problem of its own (${status}). Try again later.`, 'now')
  return new ImportFailure(`${url.host} answered ${status} for ${url.pathname}, which is no image.`, 'never')
}
