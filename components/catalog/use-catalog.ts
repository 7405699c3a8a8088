'use client'

import { useMemo } from 'react'
import type { ResourceQuestion } from '@/contract/access/rules'
import { type CatalogImage, describeImage } from '@/contract/catalog/catalog-image'
import { catalogLabel, catalogNamespace, readCatalog } from '@/contract/catalog/read-catalog'
import { configMapKind, nodeKind } from '@/contract/kinds/core'
import { quantityBytes } from '@/contract/quantity'
import { type Translate, useLanguage, useT } from '../i18n/use-t'
import { failureSentence } from '../kube/errors'
import { useList } from '../kube/use-list'
import type { ImageChoice } from './image-choice'

export interface CatalogView {
  /** In the catalog's own order. */
  images: readonly ImageChoice[]
  /** This cluster's own entries have arrived, or cannot be had. */
  loaded: boolean
  problems: readonly { title: string; words: string }[]
  /** The permission without which this cluster's own entries are not among the images. */
  missing?: ResourceQuestion
}

const readCatalogEntries: ResourceQuestion = {
  verb: 'list',
  group: '',
  resource: configMapKind.plural,
  namespace: catalogNamespace,
}

/** The images this cluster offers: those that are shipped, with what its administrator says about them. */
export function useCatalog(): CatalogView {
  const t = useT()
  const language = useLanguage()
  const { items, loaded, error } = useList(configMapKind, {
    namespace: catalogNamespace,
    labelSelector: `${catalogLabel}=true`,
  })
  const nodes = useList(nodeKind)
  const architecture = nodes.items[0]?.status?.nodeInfo?.['architecture'] ?? 'amd64'
  return useMemo(() => {
    const { images, problems } = readCatalog(items)
    return {
      images: images.map((image) => choiceOf(image, { architecture, language, t })),
      loaded: loaded || error !== undefined,
      ...(error?.code === 403 && !loaded ? { missing: readCatalogEntries } : {}),
      problems: [
        // Who may not read the cluster's own list still gets the shipped one; that is no fault to report.
        ...(error && error.code !== 403 && error.code !== 404
          ? [{ title: t('create.image.overrideFailed'), words: failureSentence(error, t) }]
          : []),
        ...problems.map(({ configMap, message }) => ({
          title: t('create.image.catalogProblem', { source: configMap }),
          words: message,
        })),
      ],
    }
  }, [items, loaded, error, architecture, language, t])
}

interface Place {
  /** Of the cluster's nodes, as Kubernetes names it. */
  architecture: string
  language: string
  t: Translate
}

/** A catalog's image as it can be used in this place. */
export function choiceOf(image: CatalogImage, { architecture, language, t }: Place): ImageChoice {
  const file = architecture === 'amd64' || architecture === 'arm64' ? image.files[architecture] : undefined
  return {
    id: image.id,
    name: image.name,
    description: describeImage(image, language),
    family: image.osFamily,
    url: file?.url ?? '',
    checksumUrl: file?.checksumUrl ?? '',
    certConfigMap: image.certConfigMap ?? '',
    seed: image.seed,
    user: image.defaultUser,
    firmware: image.firmware ?? 'default',
    // The catalog's schema has checked that these are sizes.
    minimumMemory: quantityBytes(image.minimumMemory) ?? 0,
    minimumDisk: quantityBytes(image.minimumDisk) ?? 0,
    ...(image.notes === undefined ? {} : { notes: image.notes }),
    ...(file ? {} : { refusal: t('create.image.wrongArchitecture', { architecture }) }),
  }
}
