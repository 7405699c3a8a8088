/** Something that calls an API server. */
interface ServedKindsCaller {
  call(method: string, path: string, sent?: { body?: unknown }): Promise<{ status: number; text: string }>
}

/** Makes a server serve kinds of one group, of any shape, unless it does so already. */
export async function serveKinds(
  server: ServedKindsCaller,
  group: string,
  kinds: readonly { kind: string; namespaced: boolean }[],
): Promise<void> {
  const version = group === 'cdi.kubevirt.io' || group === 'instancetype.kubevirt.io' ? 'v1beta1' : 'v1'
  for (const { kind, namespaced } of kinds) {
    const plural = `${kind.toLowerCase()}s`
    const schema = {
      type: 'object',
      properties: {
        spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    }
    const body = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        scope: namespaced ? 'Namespaced' : 'Cluster',
        versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    }
    const { status, text } = await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body,
    })
    if (status !== 201 && status !== 409) throw new Error(text)
    await served(server, `/apis/${group}/${version}/${plural}`)
  }
}

async function served(server: ServedKindsCaller, path: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await server.call('GET', path)).status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${path} is not served`)
}
