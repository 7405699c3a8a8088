import type { Environment } from '@marcbachmann/cel-js'
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js'

/**
 * Kubernetes' functions for addresses and URLs in rules (https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-ip-address-library).
 */
export class IpAddress {
  readonly address: IPv4 | IPv6

  constructor(address: IPv4 | IPv6) {
    this.address = address
  }

  get family(): bigint {
    return this.address.kind() === 'ipv4' ? 4n : 6n
  }

  toString(): string {
    return this.address.toString()
  }
}

export class CidrRange {
  readonly address: IPv4 | IPv6
  readonly length: number

  constructor(address: IPv4 | IPv6, length: number) {
    this.address = address
    this.length = length
  }

  /** The range without the bits of a host. */
  masked(): CidrRange {
    const bytes = this.address.toByteArray().map((byte, index) => {
      const bits = Math.min(Math.max(this.length - index * 8, 0), 8)
      return byte & (0xff << (8 - bits)) & 0xff
    })
    return new CidrRange(ipaddr.fromByteArray(bytes), this.length)
  }

  contains(address: IPv4 | IPv6): boolean {
    if (address.kind() !== this.address.kind()) return false
    return new CidrRange(address, this.length).masked().address.toString() === this.masked().address.toString()
  }

  containsRange(other: CidrRange): boolean {
    return other.length >= this.length && this.contains(other.address)
  }

  toString(): string {
    return `${new IpAddress(this.address).toString()}/${this.length}`
  }
}

/** Undefined for what is no address; zones and IPv4 inside IPv6 are not taken, as in Kubernetes. */
export function parseIp(text: string): IpAddress | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return /(^|\.)0\d/.test(text) ? undefined : new IpAddress(ipaddr.IPv4.parse(text))
  }
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined
  const address = ipaddr.IPv6.parse(text)
  return address.isIPv4MappedAddress() ? undefined : new IpAddress(address)
}

export function parseCidr(text: string): CidrRange | undefined {
  const found = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text)
  const address = found?.[1] === undefined ? undefined : parseIp(found[1])
  const length = Number(found?.[2])
  if (!address || length > (address.family === 4n ? 32 : 128)) return undefined
  return new CidrRange(address.address, length)
}

function ip(text: string): IpAddress {
  const address = parseIp(text)
  if (!address) throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string`)
  return address
}

function cidr(text: string): CidrRange {
  const range = parseCidr(text)
  if (!range) throw new Error(`network address parse error during conversion from string: ${JSON.stringify(text)}`)
  return range
}

function isGlobalUnicast({ address }: IpAddress): boolean {
  const range = address.range()
  return !['unspecified', 'loopback', 'multicast', 'linkLocal', 'broadcast'].includes(range)
}

class IpNamespace {}

function registerIp(env: Environment): void {
  const sync = { async: false }
  env
    .registerType('net.IP', IpAddress)
    .registerType('IpNamespace', IpNamespace)
    .registerConstant('ip', 'IpNamespace', new IpNamespace())
    .registerFunction('isIP(string): bool', (text: string) => parseIp(text) !== undefined, sync)
    .registerFunction('ip(string): net.IP', ip, sync)
    .registerFunction('string(net.IP): string', String, sync)
    .registerFunction(
      'IpNamespace.isCanonical(string): bool',
      (_: IpNamespace, text: string) => ip(text).toString() === text,
      sync,
    )
    .registerFunction('net.IP.family(): int', (address: IpAddress) => address.family, sync)
    .registerFunction('net.IP.isUnspecified(): bool', rangeIs('unspecified'), sync)
    .registerFunction('net.IP.isLoopback(): bool', rangeIs('loopback'), sync)
    .registerFunction('net.IP.isLinkLocalUnicast(): bool', rangeIs('linkLocal'), sync)
    .registerFunction('net.IP.isLinkLocalMulticast(): bool', isLinkLocalMulticast, sync)
    .registerFunction('net.IP.isGlobalUnicast(): bool', isGlobalUnicast, sync)
    .registerOperator('net.IP == net.IP', (left: IpAddress, right: IpAddress) => String(left) === String(right))
}

function rangeIs(name: string): (address: IpAddress) => boolean {
  return ({ address }) => address.range() === name
}

function isLinkLocalMulticast({ address }: IpAddress): boolean {
  const bytes = address.toByteArray()
  if (address.kind() === 'ipv4') return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0
  return bytes[0] === 0xff && ((bytes[1] ?? 0) & 0x0f) === 2
}

function registerCidr(env: Environment): void {
  const sync = { async: false }
  env
    .registerType('net.CIDR', CidrRange)
    .registerFunction('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined, sync)
    .registerFunction('cidr(string): net.CIDR', cidr, sync)
    .registerFunction('string(net.CIDR): string', String, sync)
    .registerFunction('net.CIDR.ip(): net.IP', (range: CidrRange) => new IpAddress(range.address), sync)
    .registerFunction('net.CIDR.masked(): net.CIDR', (range: CidrRange) => range.masked(), sync)
    .registerFunction('net.CIDR.prefixLength(): int', (range: CidrRange) => BigInt(range.length), sync)
    .registerFunction(
      'net.CIDR.containsIP(net.IP): bool',
      (range: CidrRange, { address }: IpAddress) => range.contains(address),
      sync,
    )
    .registerFunction(
      'net.CIDR.containsIP(string): bool',
      (range: CidrRange, text: string) => range.contains(ip(text).address),
      sync,
    )
    .registerFunction(
      'net.CIDR.containsCIDR(net.CIDR): bool',
      (range: CidrRange, other: CidrRange) => range.containsRange(other),
      sync,
    )
    .registerFunction(
      'net.CIDR.containsCIDR(string): bool',
      (range: CidrRange, text: string) => range.containsRange(cidr(text)),
      sync,
    )
    .registerOperator('net.CIDR == net.CIDR', (left: CidrRange, right: CidrRange) => String(left) === String(right))
}

/** Go's `url.ParseRequestURI`: an absolute URL or an absolute path. */
export class UrlValue {
  readonly text: string
  readonly parts: URL
  readonly #relative: boolean

  constructor(text: string) {
    this.#relative = text.startsWith('/')
    if (!this.#relative && !/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(text)) {
      throw new Error(
        `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
      )
    }
    this.text = text
    this.parts = new URL(text, 'http://unset')
  }

  get scheme(): string {
    return this.#relative ? '' : this.parts.protocol.slice(0, -1)
  }

  get host(): string {
    return this.#relative ? '' : this.parts.host
  }

  get hostname(): string {
    return this.#relative ? '' : this.parts.hostname.replaceAll(/^\[|\]$/g, '')
  }

  get query(): Record<string, string[]> {
    const query: Record<string, string[]> = Object.create(null)
    for (const [name, value] of this.parts.searchParams) (query[name] ??= []).push(value)
    return query
  }
}

function registerUrl(env: Environment): void {
  const sync = { async: false }
  env
    .registerType('net.URL', UrlValue)
    .registerFunction('isURL(string): bool', isUrl, sync)
    .registerFunction('url(string): net.URL', (text: string) => new UrlValue(text), sync)
    .registerFunction('net.URL.getScheme(): string', (url: UrlValue) => url.scheme, sync)
    .registerFunction('net.URL.getHost(): string', (url: UrlValue) => url.host, sync)
    .registerFunction('net.URL.getHostname(): string', (url: UrlValue) => url.hostname, sync)
    .registerFunction('net.URL.getPort(): string', (url: UrlValue) => url.parts.port, sync)
    .registerFunction('net.URL.getEscapedPath(): string', (url: UrlValue) => url.parts.pathname, sync)
    .registerFunction('net.URL.getQuery(): map<string, list<string>>', (url: UrlValue) => url.query, sync)
    .registerOperator('net.URL == net.URL', (left: UrlValue, right: UrlValue) => left.text === right.text)
}

function isUrl(text: string): boolean {
  return (text.startsWith('/') || /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(text)) && URL.canParse(text, 'http://unset')
}

export function registerNetworkFunctions(env: Environment): void {
  registerIp(env)
  registerCidr(env)
  registerUrl(env)
}
