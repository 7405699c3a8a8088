/** Every address of the console. Knowing one resource's, one can guess every other's. */

export interface MachinePath {
  cluster: string
  namespace: string
  name: string
  tab?: string | undefined
}

const page = (cluster: string, ...parts: string[]) =>
  ['/c', encodeURIComponent(cluster), ...parts.map(encodeURIComponent)].join('/')

export const paths = {
  home: () => '/',
  signIn: () => '/sign-in',
  profile: (tab?: string) => (tab ? `/profile/${encodeURIComponent(tab)}` : '/profile'),
  users: () => '/users',
  user: (name: string) => `/users/${encodeURIComponent(name)}`,
  connections: () => '/connections',
  connection: (cluster: string) => page(cluster, 'connection'),
  overview: (cluster: string) => page(cluster, 'overview'),
  virtualMachines: (cluster: string, query?: { status?: string; namespace?: string }) => {
    const search = new URLSearchParams()
    if (query?.status) search.set('status', query.status)
    if (query?.namespace) search.set('namespace', query.namespace)
    return page(cluster, 'virtual-machines') + (search.size === 0 ? '' : `?${search}`)
  },
  /** `create` is no namespace's machine: a machine's address has two parts there. */
  createVirtualMachine: (cluster: string, query?: { image?: string; namespace?: string }) => {
    const search = new URLSearchParams()
    if (query?.image) search.set('image', query.image)
    if (query?.namespace) search.set('namespace', query.namespace)
    return page(cluster, 'virtual-machines', 'create') + (search.size === 0 ? '' : `?${search}`)
  },
  virtualMachine: ({ cluster, namespace, name, tab }: MachinePath) =>
    page(cluster, 'virtual-machines', namespace, name, ...(tab ? [tab] : [])),
  catalog: (cluster: string) => page(cluster, 'catalog'),
  storage: (cluster: string) => page(cluster, 'storage'),
  networks: (cluster: string) => page(cluster, 'networks'),
  hosts: (cluster: string) => page(cluster, 'hosts'),
  platform: (cluster: string) => page(cluster, 'platform'),
  activity: (cluster: string, view?: 'audit') => page(cluster, 'activity') + (view ? `?view=${view}` : ''),
  /** What the person may do; `need` is a permission they lack, as `printQuestion` writes it. */
  access: (cluster: string, query?: { namespace?: string | undefined; need?: string | undefined }) => {
    const search = new URLSearchParams()
    if (query?.namespace) search.set('namespace', query.namespace)
    if (query?.need) search.set('need', query.need)
    return page(cluster, 'access') + (search.size === 0 ? '' : `?${search}`)
  },
} as const
