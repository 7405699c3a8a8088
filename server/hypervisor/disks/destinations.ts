import { lookup as lookUp } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { ImportFailure } from './import-failure'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * Where no image is ever fetched from. Link-local addresses are where clouds answer every program of a host with its
 * credentials; the others are no server's.
 */
const neverReached = ['linkLocal', 'multicast', 'unspecified', 'broadcast']
/** The one service of that kind outside the link-local range (an EC2 instance's, over IPv6). */
const metadataService = ipaddr.parse('fd00:ec2::254')

/** Words for ranges that an administrator may refuse besides networks. */
const words: Record<string, readonly string[]> = {
  loopback: ['loopback'],
  // What carriers' translators use is nobody's public address either.
  private: ['private', 'uniqueLocal', 'carrierGradeNat'],
}

/** What imports may reach. */
export interface Destinations {
  /** Why this address may not be asked; undefined when it may. */
  refusalOf(address: string): string | undefined
  /** For sockets: resolves a name and holds back every address that is refused, so that no later answer of the DNS leads there. */
  lookup: LookupFunction
}

/**
 * @param denied networks (`10.0.0.0/8`), single addresses, `loopback` or `private`, besides what is never reached
 * @throws Error that names the entry which is none of these
 */
export function readDestinations(denied: readonly string[]): Destinations {
  const ranges = new Set([...neverReached, ...denied.flatMap((entry) => words[entry] ?? [])])
  const networks = denied.filter((entry) => !(entry in words)).map(readNetwork)

  function refusalOf(text: string): string | undefined {
    const address = parseAddress(text)
    if (!address) return `${text} is not an address`
    const refused =
      ranges.has(address.range()) ||
      address.toNormalizedString() === metadataService.toNormalizedString() ||
      networks.some((network) => contains(network, address))
    return refused ? `${text} is an address that imports may not reach` : undefined
  }

  const lookup: LookupFunction = (hostname, options, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const good = addresses.filter(({ address }) => refusalOf(address) === undefined)
      const [first] = good
      if (!first) {
        const reason = refusalOf(addresses[0]?.address ?? '')
        return callback(
          new ImportFailure(`${hostname} leads to where images are not fetched from: ${reason}.`, 'never'),
          [],
        )
      }
      if (options.all) callback(null, good)
      else callback(null, first.address, first.family)
    })
  }
  return { refusalOf, lookup }
}

/** An IPv4 address in IPv6's clothes is taken for what it is. */
function parseAddress(text: string): Address | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

function readNetwork(entry: string): [Address, number] {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry)
  const address = parseAddress(entry)
  if (!address)
    throw new Error(`"${entry}" is neither a network like 10.0.0.0/8 nor one of ${Object.keys(words).join(', ')}`)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function contains([network, bits]: [Address, number], address: Address): boolean {
  if (network instanceof ipaddr.IPv4) return address instanceof ipaddr.IPv4 && address.match(network, bits)
  return address instanceof ipaddr.IPv6 && address.match(network, bits)
}
