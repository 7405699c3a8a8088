import ipaddr from 'ipaddr.js'

/**
 * The string formats that Kubernetes checks; every other one is ignored
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation).
 */
const dateTime = /^(\d{4})-(\d\d)-(\d\d)([Tt])(\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
const hostnameLabel = /^[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?([0-9a-f])[0-9a-f]{3}-?([0-9a-f])[0-9a-f]{3}-?[0-9a-f]{12}$/i
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  datetime: isDateTime,
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text),
  duration: isDuration,
  ipv4: (text) => ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text),
  ipv6: (text) => text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text),
  cidr: isCidr,
  mac: (text) => /^([0-9a-f]{2}([:-]))([0-9a-f]{2}\2){4}[0-9a-f]{2}$/i.test(text) || isLongMac(text),
  uuid: (text) => uuid.test(text),
  uuid3: (text) => uuid.exec(text)?.[1] === '3',
  uuid4: (text) => isVariant(text, '4'),
  uuid5: (text) => isVariant(text, '5'),
  byte: (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text),
  email: (text) => /^[^\s@<>(),;:\\"]+@[^\s@]+$/.test(text),
  hostname: (text) =>
    text.length <= 255 &&
    text
      .replace(/\.$/, '')
      .split('.')
      .every((part) => hostnameLabel.test(part)),
  uri: (text) => (/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) ? URL.canParse(text) : text.startsWith('/')),
  hexcolor: (text) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  rgbcolor: (text) => /^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$/.test(text),
  k8sshortname: (text) => text.length <= 63 && dnsLabel.test(text),
  k8slongname: (text) => text.length <= 253 && text.split('.').every((part) => dnsLabel.test(part)),
}

/** The check of a format, or undefined for one that is not checked. */
export function formatCheck(format: string): ((text: string) => boolean) | undefined {
  const name = format.replaceAll('-', '')
  return Object.hasOwn(formats, name) ? formats[name] : undefined
}

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

export function isDateTime(text: string): boolean {
  const found = dateTime.exec(text)
  if (!found) return false
  return isDay(text.slice(0, 10)) && Number(found[5]) < 24 && Number(found[6]) < 60 && Number(found[7]) < 60
}

/** Go's durations (`1h30m`), and the longer units that OpenAPI's words allow. */
export function isDuration(text: string): boolean {
  if (/^[+-]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*)$/.test(text)) {
    return true
  }
  return /^\d+ *(d|w|days?|weeks?|hours?|hrs?|minutes?|mins?|seconds?|secs?|ns|us|ms|s|m|h)$/i.test(text)
}

export function isCidr(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/')
  if (more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return false
  if (formats['ipv4']?.(address)) return Number(length) <= 32
  return formats['ipv6']?.(address) === true && Number(length) <= 128
}

function isLongMac(text: string): boolean {
  return /^([0-9a-f]{2}[:-]){7}[0-9a-f]{2}$/i.test(text) || /^([0-9a-f]{4}\.){2,3}[0-9a-f]{4}$/i.test(text)
}

function isVariant(text: string, version: string): boolean {
  const found = uuid.exec(text)
  return found?.[1] === version && /[89ab]/i.test(found[2] ?? '')
}
