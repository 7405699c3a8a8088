'use client'

import { useState } from 'react'
import { printYaml, readYaml, withoutManagedFields } from '@/contract/builders/manifest'
import { isChanged, mergeEdits } from '@/contract/builders/merge-edits'
import type { Kind } from '@/contract/kinds/kind'
import type { KubeObject } from '@/contract/kube-object'
import type { MessageKey } from '../i18n/catalogue'
import { useT } from '../i18n/use-t'
import { toast } from '../ui/toast'
import { ApiFailure, type KubeApi, useKubeApi } from './api'

export interface YamlEditing {
  text: string
  /** What `text` will replace, for the comparison. */
  before: string
  dirty: boolean
  reviewing: boolean
  saving: boolean
  /** The object on the server is another one than the text was made from. */
  changedMeanwhile: boolean
  /** The server refused because of that. */
  conflict: boolean
  /** Set after a merge: the places that could not be merged. */
  clashes?: readonly string[]
  problem?: { title: MessageKey; words: string }
  failure?: ApiFailure
  change: (text: string) => void
  review: () => void
  stopReview: () => void
  save: () => void
  reload: () => void
  merge: () => void
}

interface Draft {
  /** What the text was made from. */
  base: KubeObject
  text: string
  reviewing?: boolean
  saving?: boolean
  conflict?: boolean
  clashes?: readonly string[]
  problem?: NonNullable<YamlEditing['problem']>
  failure?: ApiFailure
}

/** The life of an edited object: typed text, comparison, saving, and what others do in the meantime. */
export function useYamlEditing<T extends KubeObject>(kind: Kind<T>, live: T): YamlEditing {
  const t = useT()
  const api = useKubeApi()
  const current = withoutManagedFields(live)
  const [draft, setDraft] = useState<Draft>()
  const update = (changes: Partial<Draft>) => setDraft((old) => old && { ...old, ...changes })
  const liveText = printYaml(current)
  const { base = current, text = liveText, ...state }: Partial<Draft> = draft ?? {}

  const change = (next: string) => {
    if (next === liveText) return setDraft(undefined)
    // What the server said was about the text before.
    setDraft((old) => ({ base: old?.base ?? current, text: next, ...(old?.conflict ? { conflict: true } : {}) }))
  }

  const review = () => {
    const problem = problemOf(readYaml(text), base)
    update(problem ? { problem } : { reviewing: true })
  }

  const save = async () => {
    const read = readYaml(text)
    if (!('object' in read) || !draft) return
    update({ saving: true })
    try {
      // The person typed the object; the server checks whether it is one of this kind.
      await replaceUnlessChanged({ api, kind }, { edited: read.object as T, base })
      setDraft(undefined)
      toast({ variant: 'success', title: t('objects.yaml.saved', { name: live.metadata.name }) })
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure
      const conflict = failure.code === 409
      update({ saving: false, reviewing: false, conflict, ...(conflict ? {} : { failure }) })
    }
  }

  const merge = async () => {
    const read = readYaml(text)
    if (!('object' in read))
      return update({ problem: problemOf(read, base) ?? { title: 'objects.yaml.syntax', words: '' } })
    try {
      const latest = withoutManagedFields(await api.get(kind, refOf(live)))
      const { merged, clashes } = mergeEdits({ base, edited: read.object, latest })
      setDraft({ base: latest, text: printYaml(merged), clashes })
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure
      update({ failure })
    }
  }

  return {
    reviewing: false,
    saving: false,
    conflict: false,
    ...state,
    text,
    before: printYaml(base),
    dirty: draft !== undefined,
    changedMeanwhile: base.metadata.generation !== current.metadata.generation,
    change,
    review,
    stopReview: () => update({ reviewing: false }),
    save: () => void save(),
    reload: () => setDraft(undefined),
    merge: () => void merge(),
  }
}

/**
 * Writes the object if nobody else has changed it since `base`. A newer version that only has another status does not
 * count: controllers write that all the time.
 */
async function replaceUnlessChanged<T extends KubeObject>(
  { api, kind }: { api: KubeApi; kind: Kind<T> },
  { edited, base }: { edited: T; base: KubeObject },
): Promise<void> {
  const versioned = (version: KubeObject): T => ({
    ...edited,
    metadata: { ...edited.metadata, ...versionOf(version) },
  })
  try {
    await api.replace(kind, versioned(base))
  } catch (failure) {
    if (!(failure instanceof ApiFailure) || failure.code !== 409) throw failure
    const latest = withoutManagedFields(await api.get(kind, refOf(base)))
    if (isChanged(base, latest)) throw failure
    await api.replace(kind, versioned(latest))
  }
}

function versionOf({ metadata }: KubeObject): { resourceVersion?: string } {
  return metadata.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}
}

function refOf({ metadata: { namespace, name } }: KubeObject) {
  return { name, ...(namespace ? { namespace } : {}) }
}

/** Why a text cannot be saved as this object; undefined when it can. */
export function problemOf(read: ReturnType<typeof readYaml>, base: KubeObject): YamlEditing['problem'] {
  if ('problem' in read) {
    const titles = {
      syntax: 'objects.yaml.syntax',
      'not-an-object': 'objects.yaml.notAnObject',
      several: 'objects.yaml.several',
    } as const
    return { title: titles[read.problem], words: read.message }
  }
  const { kind, metadata } = read.object
  const same =
    kind === base.kind && metadata.name === base.metadata.name && metadata.namespace === base.metadata.namespace
  return same ? undefined : { title: 'objects.yaml.otherObject', words: '' }
}
