import type { Logger } from 'pino'
import type { KubeStatus } from '@/contract/kube-object'
import { buildStatus } from '@/server/proxy/status-response'
import { notSignedIn } from '../refusal'
import type { Session, SessionStore } from '../session-store'
import type { SignInAudit } from '../sign-in-audit'
import { type OidcProvider, type ProvedPerson, ProviderRefused } from './oidc-provider'

export interface SessionRefreshOptions {
  providers: ReadonlyMap<string, OidcProvider>
  sessions: SessionStore
  audit: SignInAudit
  log: Logger
  clock: () => number
}

export interface SessionRefresh {
  /**
   * Sees to it that the provider goes on vouching for a session, before its word runs out. Undefined when it does;
   * otherwise a promise of the refusal, or of undefined when all is well again.
   */
  keepFresh(session: Session): Promise<KubeStatus | undefined> | undefined
  close(): void
}

/** Of the time that is left, so much goes by before the provider is asked again. */
const share = 0.8
const retryMs = 10_000
const longestTimerMs = 24 * 60 * 60 * 1000
/** Another replica may just have used the refresh token up: its record is here within a moment. */
const otherReplicaMs = 1_500

/**
 * Renews what identity providers gave, in the background while a session lasts and at once when it comes back expired. A
 * provider that refuses ends the session, at all its streams, with the reason; one that is away is asked again.
 */
export function createSessionRefresh(options: SessionRefreshOptions): SessionRefresh {
  const { providers, sessions, audit, log, clock } = options
  const running = new Map<string, Promise<KubeStatus | undefined>>()
  const timers = new Map<string, NodeJS.Timeout>()

  function refresh(session: Session): Promise<KubeStatus | undefined> {
    const under = running.get(session.idHash)
    if (under) return under
    const work = renew(session).finally(() => running.delete(session.idHash))
    running.set(session.idHash, work)
    return work
  }

  async function renew(session: Session): Promise<KubeStatus | undefined> {
    const { person } = session
    const secrets = session.secrets()
    const provider = person.source === 'oidc' ? providers.get(person.provider) : undefined
    if (person.source !== 'oidc' || !provider || !secrets.provider) return end(session, 'the provider is not set up')
    const before: ProvedPerson = { person, secrets: secrets.provider }
    try {
      const after = await provider.refresh(before)
      if (session.ended.aborted) return notSignedIn('revoked')
      await session.renew({ person: after.person, secrets: { ...secrets, provider: after.secrets } })
      schedule(session)
      return undefined
    } catch (error) {
      if (session.ended.aborted) return notSignedIn('revoked')
      if (!(error instanceof ProviderRefused)) return later(session, error)
      if (await renewedElsewhere(session, before)) return undefined
      log.info({ err: error, provider: provider.id, user: person.user }, 'the identity provider ended a session')
      return end(session, error.message)
    }
  }

  async function renewedElsewhere(session: Session, before: ProvedPerson): Promise<boolean> {
    if (before.secrets.refreshToken === undefined) return false
    await new Promise((resolve) => setTimeout(resolve, otherReplicaMs).unref())
    return session.secrets().provider?.refreshToken !== before.secrets.refreshToken && !isOver(session)
  }

  function later(session: Session, error: unknown): KubeStatus | undefined {
    log.warn({ err: error, user: session.person.user }, 'the identity provider cannot be asked now')
    setTimer(session, retryMs)
    if (!isOver(session)) return undefined
    return buildStatus(503, 'Your identity provider cannot be reached at the moment; try again.', 5)
  }

  async function end(session: Session, detail: string): Promise<KubeStatus> {
    await sessions.end(session.idHash, 'providerEnded')
    const { user, source } = session.person
    const about = { user, source, detail, address: session.address, requestId: '' }
    audit({ action: 'session-end', outcome: 'success', ...about })
    return notSignedIn('providerEnded')
  }

  const expiryOf = (session: Session) => session.secrets().provider?.expiresAt
  const isOver = (session: Session) => (expiryOf(session) ?? Number.POSITIVE_INFINITY) <= clock()

  function schedule(session: Session): void {
    const expiresAt = expiryOf(session)
    if (expiresAt !== undefined) setTimer(session, Math.max(0, (expiresAt - clock()) * share))
  }

  function setTimer(session: Session, ms: number): void {
    const { idHash, ended } = session
    if (ended.aborted) return
    clearTimeout(timers.get(idHash))
    if (!timers.has(idHash)) ended.addEventListener('abort', () => forget(idHash), { once: true })
    const onTime = () => {
      refresh(session).catch((error: unknown) => log.error({ err: error }, 'a session could not be renewed'))
    }
    timers.set(idHash, setTimeout(onTime, Math.min(ms, longestTimerMs)).unref())
  }

  function forget(idHash: string): void {
    clearTimeout(timers.get(idHash))
    timers.delete(idHash)
  }

  return {
    keepFresh(session) {
      if (session.person.source !== 'oidc' || expiryOf(session) === undefined) return undefined
      if (isOver(session)) return refresh(session)
      if (!timers.has(session.idHash)) schedule(session)
      return undefined
    },
    close() {
      for (const idHash of [...timers.keys()]) forget(idHash)
    },
  }
}
