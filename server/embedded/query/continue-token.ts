import { badRequest } from '../errors/status-error'

/** Where a list goes on: after an object, in the state at a revision. */
export interface ContinuePoint {
  revision: number
  after: { namespace: string; name: string }
}

/** Opaque to clients. */
export function encodeContinue({ revision, after }: ContinuePoint): string {
  return Buffer.from(JSON.stringify({ v: 1, rv: revision, ns: after.namespace, name: after.name })).toString(
    'base64url',
  )
}

/** Throws 400 for what this server did not write. */
export function decodeContinue(token: string): ContinuePoint {
  const invalid = (why: string) => badRequest(`continue key is not valid: ${why}`)
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(error.message)
    throw error
  }
  if (typeof value !== 'object' || value === null) throw invalid('not an object')
  const { v, rv, ns, name } = value as Record<string, unknown> // checked field by field below
  if (v !== 1 || !Number.isSafeInteger(rv) || typeof ns !== 'string' || typeof name !== 'string') {
    throw invalid('unknown version or shape')
  }
  return { revision: Number(rv), after: { namespace: ns, name } }
}
