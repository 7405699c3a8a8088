import type { KubeClient } from '@/server/cluster/kube-client'

/** A write was held back because someone else may act by now. */
export class NoLongerLeading extends Error {
  constructor() {
    super('no longer leading')
    this.name = 'NoLongerLeading'
  }
}

/**
 * A client whose writes are refused from the moment `holds` says no: a process that was stopped for a while must not end
 * with a write what another one has taken over meanwhile.
 */
export function createFencedClient(client: KubeClient, holds: () => boolean): KubeClient {
  const guard = async () => {
    if (!holds()) throw new NoLongerLeading()
  }
  return {
    ...client,
    create: (kind, object, options) => guard().then(() => client.create(kind, object, options)),
    update: (kind, object, options) => guard().then(() => client.update(kind, object, options)),
    updateStatus: (kind, object, options) => guard().then(() => client.updateStatus(kind, object, options)),
    patch: (kind, location, patch, options) => guard().then(() => client.patch(kind, location, patch, options)),
    delete: (kind, ref, options) => guard().then(() => client.delete(kind, ref, options)),
    raw: (method, path, body) =>
      method === 'GET' ? client.raw(method, path, body) : guard().then(() => client.raw(method, path, body)),
  }
}
