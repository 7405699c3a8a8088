import type { ServerResponse } from 'node:http'
import type { Logger } from 'pino'

/** Resolves when the part can serve; rejects with the reason, which goes to the log alone. */
export type ReadinessCheck = () => Promise<unknown>

const checkTimeoutMs = 3_000

/** The process lives and its event loop turns. */
export function sendHealthy(response: ServerResponse): void {
  sendText(response, 200, 'ok\n')
}

/** Asks every check at once and prints a line for each, as Kubernetes' own `/readyz?verbose` does. */
export async function sendReadiness(
  response: ServerResponse,
  checks: Readonly<Record<string, ReadinessCheck>>,
  log: Logger,
): Promise<void> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await withTimeout(check())
        return { ok: true, line: `[+]${name} ok` }
      } catch (error) {
        log.debug({ err: error, check: name }, 'not ready')
        return { ok: false, line: `[-]${name} failed` }
      }
    }),
  )
  const ready = results.every(({ ok }) => ok)
  const lines = [...results.map(({ line }) => line), ready ? 'ready' : 'not ready']
  sendText(response, ready ? 200 : 503, `${lines.join('\n')}\n`)
}

async function withTimeout(check: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), checkTimeoutMs)
  })
  try {
    await Promise.race([check, late])
  } finally {
    clearTimeout(timer)
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}
