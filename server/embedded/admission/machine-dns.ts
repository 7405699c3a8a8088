import { isIP } from 'node:net'
import type { Causes } from './causes'
import type { MachineRule } from './machine-check'
import { objectAt, objectsAt, textAt, textsAt } from './machine-fields'
import { dnsSubdomainProblems } from './machine-names'

const policies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None', '']

/** Name servers, by the rules for pods. */
export const checkDns: MachineRule = ({ field, spec, causes }) => {
  const policy = textAt(spec, 'dnsPolicy')
  if (!policies.includes(policy)) {
    causes.notSupported(
      `${field}.dnsPolicy`,
      `DNSPolicy: ${policy} is not supported, valid values: [${policies.join(' ')}]`,
    )
  }
  const config = objectAt(spec, 'dnsConfig')
  const servers = textsAt(config, 'nameservers')
  if (policy === 'None' && !config) {
    return causes.required(`${field}.dnsConfig`, 'must provide `dnsConfig` when `dnsPolicy` is None')
  }
  if (policy === 'None' && servers.length === 0) {
    return causes.required('nameservers', 'must provide at least one DNS nameserver when `dnsPolicy` is None')
  }
  if (!config) return
  checkServers(servers, causes)
  checkSearches(textsAt(config, 'searches'), causes)
  for (const option of objectsAt(config, 'options')) {
    if (textAt(option, 'name') === '') causes.invalid('options', 'Option.Name must not be empty')
  }
}

function checkServers(servers: readonly string[], causes: Causes): void {
  if (servers.length > 3) {
    causes.invalid('nameservers', `must not have more than 3 nameservers: [${servers.join(' ')}]`)
  }
  for (const server of servers) {
    if (isIP(server) === 0) causes.invalid('nameservers', `must be valid IP address: ${server}`)
  }
}

function checkSearches(searches: readonly string[], causes: Causes): void {
  if (searches.length > 6) causes.invalid('searchDomains', 'must not have more than 6 search paths')
  if (searches.join(' ').length > 256) {
    causes.invalid('searchDomains', 'must not have more than 256 characters (including spaces) in the search list')
  }
  for (const problem of searches.flatMap(dnsSubdomainProblems)) causes.invalid('searchDomains', problem)
}
