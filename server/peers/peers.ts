import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Clock, systemClock } from '@/server/cluster/clock'
import type { Log } from '@/server/cluster/log'
import type { RecordStore } from '@/server/records/record-store'
import { join, openPeerRequest, writeHead } from './forward'
import { joinPeers, type Membership, type MembershipTimings, openPeerKey, type Peer } from './membership'
import { createCallVerifier, peerHeader, signCall } from './signature'

export interface PeersOptions {
  records: RecordStore
  /** Where other replicas reach this one. */
  address: string
  port: number
  /** SHA-256 of the certificate in use, as Node prints it; undefined: plain HTTP. */
  fingerprint: () => string | undefined
  log: Log
  clock?: Clock
  timings?: Partial<MembershipTimings>
}

interface PeerUpgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
}

interface PeerExchange {
  request: IncomingMessage
  response: ServerResponse
}

/**
 * The replicas of one console. What belongs to a key, a machine's screens say, is handled by one of them, and whoever else
 * is asked passes the request on as it came: the owner checks the person's session itself.
 */
export interface Peers {
  readonly bootId: string
  others(): readonly Peer[]
  /** Whether this replica is the one that a key belongs to, as far as it knows. */
  owns(key: string): boolean
  /**
   * To be called once for every request that may be passed on, before anything else: takes the proof that a replica passed
   * it on off the request, and says from which client it came; undefined when it comes from a client itself.
   */
  acceptFromPeer(request: IncomingMessage): string | undefined
  /**
   * Passes an upgrade on to the owner of the key. False when it has to be served here: this is the owner, or the owner does
   * not answer. Never rejects.
   */
  forwardUpgrade(key: string, upgrade: PeerUpgrade, clientAddress: string): Promise<boolean>
  /** The same for a request, whose body streams. */
  forward(key: string, exchange: PeerExchange, clientAddress: string): Promise<boolean>
  /** Takes this replica off the list; the others handle what was its own from now on. */
  close(): Promise<void>
}

/** Joins the replicas that share the records. Rejects when the records cannot be read or written. */
export async function startPeers(options: PeersOptions): Promise<Peers> {
  const { records, address, port, fingerprint, log, clock = systemClock, timings } = options
  const bootId = randomUUID()
  const key = await openPeerKey(records, () => randomBytes(32))
  const membership = await joinPeers({
    records,
    self: () => {
      const shown = fingerprint()
      return { bootId, address, port, ...(shown === undefined ? {} : { fingerprint: shown }) }
    },
    clock,
    log,
    ...(timings ? { timings } : {}),
  })
  const verifier = createCallVerifier(clock.now)
  const forwarding = createForwarding({ membership, key, log, clock })
  return {
    bootId,
    others: () => membership.others(),
    owns: (wanted) => membership.ownerOf(wanted) === undefined,
    acceptFromPeer(request) {
      const header = request.headers[peerHeader]
      delete request.headers[peerHeader]
      if (typeof header !== 'string') return undefined
      const { method = 'GET', url = '/' } = request
      return verifier.verify(header, { method, url, to: bootId }, key)
    },
    ...forwarding,
    close: () => membership.close(),
  }
}

interface ForwardingOptions {
  membership: Membership
  key: Buffer
  log: Log
  clock: Clock
}

function createForwarding({ membership, key, log, clock }: ForwardingOptions) {
  /** The request to the owner, with our proof on it; undefined when it is to be served here. */
  async function open(wanted: string, request: IncomingMessage, clientAddress: string) {
    const owner = membership.ownerOf(wanted)
    if (!owner) return undefined
    const { method = 'GET', url = '/' } = request
    const call = { method, url, to: owner.bootId, clientAddress }
    const headers = { ...endToEnd(request), [peerHeader]: signCall(call, key, clock.now()) }
    try {
      return await openPeerRequest(owner, { method, url, headers })
    } catch (error) {
      log.warn({ err: error, peer: owner.bootId }, 'a replica cannot be reached; its work is done here meanwhile')
      membership.shun(owner.bootId)
      return undefined
    }
  }

  async function forwardUpgrade(
    wanted: string,
    { request, socket, head }: PeerUpgrade,
    clientAddress: string,
  ): Promise<boolean> {
    const outgoing = await open(wanted, request, clientAddress)
    if (!outgoing) return false
    return new Promise((resolve) => {
      outgoing.once('upgrade', (answer, peer, peerHead) => {
        writeHead(socket, answer)
        if (peerHead.length > 0) socket.write(peerHead)
        if (head.length > 0) peer.write(head)
        join(socket, peer)
        resolve(true)
      })
      outgoing.once('response', (answer) => {
        writeHead(socket, answer, { closing: true })
        answer.pipe(socket)
        resolve(true)
      })
      outgoing.once('error', (error) => {
        log.warn({ err: error }, 'a replica did not take over a stream')
        resolve(false)
      })
      socket.once('close', () => outgoing.destroy())
      outgoing.setHeader('connection', 'Upgrade')
      outgoing.setHeader('upgrade', 'websocket')
      outgoing.end()
    })
  }

  async function forward(wanted: string, { request, response }: PeerExchange, clientAddress: string): Promise<boolean> {
    const outgoing = await open(wanted, request, clientAddress)
    if (!outgoing) return false
    outgoing.once('response', (answer) => {
      const { connection: _c, 'keep-alive': _k, 'transfer-encoding': _t, ...headers } = answer.headers
      response.writeHead(answer.statusCode ?? 502, headers)
      answer.pipe(response)
      answer.once('error', () => response.destroy())
    })
    // The body is on its way: nobody could begin anew with it.
    outgoing.once('error', (error) => {
      log.warn({ err: error }, 'a replica broke off')
      response.destroy()
    })
    response.once('close', () => outgoing.destroy())
    request.pipe(outgoing)
    return true
  }

  return { forwardUpgrade, forward }
}

/** The client's headers without those that concern the one connection they came on (RFC 9110, 7.6.1). */
function endToEnd({ headers }: IncomingMessage): OutgoingHttpHeaders {
  const named = String(headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const hop = new Set([...named, 'connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'proxy-connection'])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hop.has(name)))
}
