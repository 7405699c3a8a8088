'use client'

import { useQuery } from '@tanstack/react-query'
import type { JSONSchema } from 'monaco-yaml'
import type { Kind } from '@/contract/kinds/kind'
import { ApiFailure, useKubeApi } from './api'
import { useCluster } from './cluster'
import { callQueryKey } from './query-keys'

interface OpenApi {
  components?: {
    schemas?: Record<string, { 'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[] }>
  }
}

/** The JSON schema of a kind as this cluster publishes it (OpenAPI v3); undefined when it publishes none. */
export function useKindSchema(kind: Pick<Kind, 'group' | 'version' | 'kind'>): JSONSchema | undefined {
  const api = useKubeApi()
  const cluster = useCluster()
  const { group, version } = kind
  const { data } = useQuery({
    queryKey: callQueryKey(cluster, 'openapi', { group, version, kind: kind.kind }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async () => {
      try {
        const path = group === '' ? `api/${version}` : `apis/${group}/${version}`
        return schemaOf(await api.call('GET', `/openapi/v3/${path}`), kind) ?? null
      } catch (failure) {
        // Editing works without completion; an API that publishes no schema is none of the editor's business.
        if (failure instanceof ApiFailure) return null
        throw failure
      }
    },
  })
  return data ?? undefined
}

/** Picks a kind's schema out of a group's document, with everything it refers to. */
export function schemaOf(
  document: unknown,
  { group, version, kind }: Pick<Kind, 'group' | 'version' | 'kind'>,
): JSONSchema | undefined {
  // Any JSON may come; only the parts named are looked at.
  const schemas = (document as OpenApi | undefined)?.components?.schemas
  if (!schemas) return undefined
  const entry = Object.entries(schemas).find(([, schema]) =>
    schema['x-kubernetes-group-version-kind']?.some(
      (known) => known.group === group && known.version === version && known.kind === kind,
    ),
  )
  if (!entry) return undefined
  // OpenAPI v3 schemas are JSON schemas as far as the editor reads them, but for where the others of the document are.
  const text = JSON.stringify({ ...entry[1], definitions: schemas })
  return JSON.parse(text.replaceAll('"#/components/schemas/', '"#/definitions/')) as JSONSchema
}
