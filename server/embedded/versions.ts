/** The versions whose behaviour the API has; what it really is stands in `gitCommit` and `gitVersion`'s suffix. */
export interface VersionInfo {
  /** e.g. `v1.32.0` */
  kubernetes?: string
  /** e.g. `v1.9.0` */
  kubevirt?: string
  gitCommit?: string
  /** RFC 3339 */
  buildDate?: string
}

/** The bodies of `/version` and of KubeVirt's own version call. */
export function buildVersions(info: VersionInfo = {}): { kubernetes: object; kubevirt: object } {
  const { kubernetes = 'v1.32.0', kubevirt = 'v1.9.0', gitCommit = '', buildDate = '1970-01-01T00:00:00Z' } = info
  const [, major = '1', minor = '0'] = /^v(\d+)\.(\d+)/.exec(kubernetes) ?? []
  const common = {
    gitCommit,
    gitTreeState: 'clean',
    buildDate,
    goVersion: 'none',
    compiler: 'none',
    platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }
  return {
    kubernetes: { major, minor, gitVersion: `${kubernetes}+chiave`, ...common },
    kubevirt: { gitVersion: kubevirt, ...common },
  }
}
