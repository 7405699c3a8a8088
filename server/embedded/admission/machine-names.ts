import type { MachineRule } from './machine-check'
import { objectsAt, textAt } from './machine-fields'

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(\\.${label})*`
const isLabel = new RegExp(`^${label}$`)
const isSubdomain = new RegExp(`^${subdomain}$`)

const labelWords =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const subdomainWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"

/** What keeps a name from being a DNS label, in Kubernetes' words. */
export function dnsLabelProblems(name: string): string[] {
  const problems = name.length > 63 ? ['must be no more than 63 characters'] : []
  if (isLabel.test(name)) return problems
  if (isSubdomain.test(name)) return [...problems, 'must not contain dots']
  // Two spaces, as Kubernetes has them.
  return [...problems, `${labelWords} (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`]
}

/** What keeps a name from being a DNS subdomain, in Kubernetes' words. */
export function dnsSubdomainProblems(name: string): string[] {
  const problems = name.length > 253 ? ['must be no more than 253 characters'] : []
  if (isSubdomain.test(name)) return problems
  return [...problems, `${subdomainWords} (e.g. 'example.com', regex used for validation is '${subdomain}')`]
}

const namePart = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const isNamePart = new RegExp(`^${namePart}$`)
const namePartWords =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const namePartExamples = `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${namePart}')`

/** What keeps a text from being a label's key, in Kubernetes' words. */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/')
  if (parts.length > 2) {
    return [
      `a qualified name ${namePartWords} ${namePartExamples.replace(/\)$/, '')}) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const name = parts.at(-1) ?? ''
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined
  const problems: string[] = []
  if (prefix === '') problems.push('prefix part must be non-empty')
  else if (prefix !== undefined) {
    problems.push(...dnsSubdomainProblems(prefix).map((problem) => `prefix part ${problem}`))
  }
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > 63) problems.push('name part must be no more than 63 characters')
  if (!isNamePart.test(name)) problems.push(`name part ${namePartWords} ${namePartExamples}`)
  return problems
}

/** What keeps a text from being a label's value, in Kubernetes' words. */
export function labelValueProblems(value: string): string[] {
  const problems = value.length > 63 ? ['must be no more than 63 characters'] : []
  if (value === '' || isNamePart.test(value)) return problems
  return [
    ...problems,
    `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${namePart})?')`,
  ]
}

/** The names that the guest goes by. */
export const checkHostNames: MachineRule = ({ field, spec, causes }) => {
  const hostname = textAt(spec, 'hostname')
  const hostnameProblems = hostname === '' ? [] : dnsLabelProblems(hostname)
  if (hostnameProblems.length > 0) {
    causes.invalid(
      `${field}.hostname`,
      `${field}.hostname does not conform to the kubernetes DNS_LABEL rules : ${hostnameProblems.join(', ')}`,
    )
  }
  const domain = textAt(spec, 'subdomain')
  const domainProblems = domain === '' ? [] : dnsSubdomainProblems(domain)
  if (domainProblems.length > 0) {
    causes.invalid(
      `${field}.subdomain`,
      `${field}.subdomain does not conform to the kubernetes DNS_SUBDOMAIN rules : ${domainProblems.join(', ')}`,
    )
  }
}

/** The service account whose token the guest may get. */
export const checkServiceAccount: MachineRule = ({ field, spec, causes }) => {
  const name = textAt(spec, 'serviceAccountName')
  if (name === '') return
  const at = `${field}.serviceAccountName`
  const problems = dnsSubdomainProblems(name)
  if (problems.length > 0) causes.invalid(at, `${at} is not a valid service account name: ${problems.join('; ')}`)
  const other = objectsAt(spec, 'volumes')
    .filter(({ serviceAccount }) => typeof serviceAccount === 'object' && serviceAccount !== null)
    .map((volume) => textAt(volume, 'serviceAccount', 'serviceAccountName'))
    .find((account) => account !== name)
  if (other === undefined) return
  causes.invalid(
    at,
    `spec.serviceAccountName ${JSON.stringify(name)} and serviceAccount volume ${JSON.stringify(other)} must reference the same service account`,
  )
}
