import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** RFC 3927 and RFC 4291, and the unspecified addresses: where clouds keep their metadata, and no API server lives. */
const linkLocal = new BlockList()
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4')
linkLocal.addSubnet('0.0.0.0', 8, 'ipv4')
linkLocal.addSubnet('fe80::', 10, 'ipv6')
linkLocal.addAddress('::', 'ipv6')
// The IPv6 address of a cloud's metadata service is a unique local one.
linkLocal.addAddress('fd00:ec2::254', 'ipv6')

/** Whether an address, also one of IPv4 written as IPv6, is where no API server may be looked for. */
export function isLinkLocal(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const family = isIP(plain)
  // The list reads an IPv4 address in IPv6 clothes (`::ffff:169.254.1.1`) as what it is.
  return family !== 0 && linkLocal.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** As the system's, but a name that leads to a link-local address leads nowhere. Asked at every new connection. */
export const lookupWithoutLinkLocal: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0)
    const allowed = addresses.filter(({ address }) => !isLinkLocal(address))
    const [first] = allowed
    if (!first) {
      const refused = Object.assign(new Error('the name leads to an address that is not allowed'), {
        code: 'EACCESS_ADDRESS',
      })
      return callback(refused, '', 0)
    }
    if (options.all) return callback(null, allowed)
    callback(null, first.address, first.family)
  })
}
