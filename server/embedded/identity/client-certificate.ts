import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { User } from './user'

interface ClientCertificate {
  /** Absent when the certificate is not one of the instance's client authority. */
  user: User | undefined
}

/** A connection keeps its certificate for as long as it lives. */
const known = new WeakMap<Socket, ClientCertificate>()
/** A connection on which none was shown: asked for once, in the handshake. */
const none: ClientCertificate = { user: undefined }

/**
 * The certificate that a client showed on its TLS connection: its common name is the user, its organisations are the
 * groups (Kubernetes documentation, "Authenticating", X509 client certificates). The listener has checked it against
 * the authority. Undefined where there is none.
 */
export function readClientCertificate(socket: Socket): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const read = known.get(socket)
  if (read) return read === none ? undefined : notExpired(socket, read)
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) {
    known.set(socket, none)
    return undefined
  }
  const { subject } = socket.getPeerCertificate()
  // Node gives a list where a name has several values, which its type does not say.
  const values = (value: unknown): string[] =>
    Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []
  const [name] = values(subject.CN)
  const groups = [...values(subject.O), 'system:authenticated']
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  const user: User | undefined =
    socket.authorized && name
      ? { name, groups, extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] } }
      : undefined
  known.set(socket, { user })
  return notExpired(socket, { user })
}

/** A certificate that ends while its connection lives proves nothing from then on. */
function notExpired(socket: TLSSocket, certificate: ClientCertificate): ClientCertificate {
  const end = Date.parse(socket.getPeerCertificate().valid_to)
  return Date.now() < end ? certificate : { user: undefined }
}
