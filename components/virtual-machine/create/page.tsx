'use client'

import { Button, PageSection } from '@patternfly/react-core'
import { useRouter, useSearchParams } from 'next/navigation'
import { useState } from 'react'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { type ImageChoice, isOwnSource, type OwnSource } from '../../catalog/image-choice'
import { ImageGallery } from '../../catalog/image-gallery'
import { ImageMark } from '../../catalog/image-mark'
import { useCatalog } from '../../catalog/use-catalog'
import { useT } from '../../i18n/use-t'
import { useCluster } from '../../kube/cluster'
import { MissingPart } from '../../kube/missing-part'
import { useOffers } from '../../kube/use-offers'
import { paths } from '../../shell/paths'
import { PageHeader } from '../../ui/page-header'
import { toast } from '../../ui/toast'
import { LoadingView } from '../../ui/views'
import { CreateFormView } from './create-form'
import { initialFormFor, initialFormForOwn } from './initial-form'
import { rememberedNamespace, rememberNamespace } from './remembered'
import { useKnownSshKeys } from './use-known-ssh-keys'
import { type Surroundings, useSurroundings } from './use-surroundings'

/** From nothing to a machine: pick an image, accept what is filled in, create. */
export function CreateVirtualMachinePage() {
  const t = useT()
  const cluster = useCluster()
  const search = useSearchParams()
  const image = search.get('image') ?? ''
  const offered = useOffers(virtualMachineKind)
  const choose = (id: string) => window.history.pushState(null, '', withImage(id))
  return (
    <>
      <PageHeader
        title={t('create.title')}
        trail={[{ label: t('create.trail'), href: paths.virtualMachines(cluster) }]}
        description={t(image === '' ? 'create.pick' : 'create.review')}
      />
      <PageSection hasBodyWrapper={false} isFilled>
        {offered === false ? (
          <MissingPart part="kubeVirt" />
        ) : image === '' ? (
          <ImageGallery onChoose={choose} />
        ) : (
          <Review id={image} onChange={() => choose('')} />
        )}
      </PageSection>
    </>
  )
}

/** This page's address with another image, everything else as it is. */
function withImage(id: string): string {
  const search = new URLSearchParams(window.location.search)
  if (id === '') search.delete('image')
  else search.set('image', id)
  return search.size === 0 ? window.location.pathname : `${window.location.pathname}?${search}`
}

function Review({ id, onChange }: { id: string; onChange: () => void }) {
  const catalog = useCatalog()
  const surroundings = useSurroundings()
  const keys = useKnownSshKeys()
  const choice = catalog.images.find((image) => image.id === id)
  if (!surroundings.settled || !keys.settled || (!choice && !isOwnSource(id) && !catalog.loaded))
    return <LoadingView lines={6} />
  const form = { surroundings, sshKeys: keys.known.map(({ key }) => key), onChange }
  if (choice) return <ReviewForm key={id} choice={choice} {...form} />
  if (isOwnSource(id)) return <ReviewForm key={id} choice={id} {...form} />
  // An address with an image that is not (any more) in the catalog.
  return <ImageGallery onChoose={(next) => window.history.pushState(null, '', withImage(next))} />
}

interface ReviewFormProps {
  choice: ImageChoice | OwnSource
  surroundings: Surroundings
  /** Public keys that the person has at hand. */
  sshKeys: readonly string[]
  onChange: () => void
}

function ReviewForm({ choice, surroundings, sshKeys, onChange }: ReviewFormProps) {
  const t = useT()
  const cluster = useCluster()
  const router = useRouter()
  const search = useSearchParams()
  const [initial] = useState(() => {
    const namespace = firstNamespace(surroundings.namespaces, search.get('namespace') ?? surroundings.chosen ?? null)
    const options = { namespace, taken: surroundings.machineNames(namespace), sshKeys }
    return typeof choice === 'string' ? initialFormForOwn(choice, options) : initialFormFor(choice, options)
  })
  const onCreated = (machine: VirtualMachine, notOwned: readonly string[]) => {
    const { name, namespace = '' } = machine.metadata
    rememberNamespace(namespace)
    for (const object of notOwned) toast({ variant: 'warning', title: t('create.notOwned', { object }) })
    router.push(paths.virtualMachine({ cluster, namespace, name, tab: 'console' }))
  }
  if (!initial) return null
  const own = typeof choice === 'string'
  return (
    <CreateFormView
      initial={initial}
      chosen={
        <>
          <ImageMark family={own ? '' : choice.family} />
          <strong>{own ? t(`create.image.${choice}.name`) : choice.name}</strong>
          <span>{own ? t(`create.image.${choice}.description`) : choice.description}</span>
          {!own && choice.notes !== undefined && <span>{choice.notes}</span>}
          <Button variant="link" isInline onClick={onChange}>
            {t('create.image.change')}
          </Button>
        </>
      }
      minimumMemory={own ? 0 : choice.minimumMemory}
      minimumDisk={own ? 0 : choice.minimumDisk}
      surroundings={surroundings}
      onCreated={onCreated}
      onCancel={() => router.push(paths.virtualMachines(cluster))}
    />
  )
}

/** What the address says, else the last one used, else `default`, else the first that is no part of the system. */
export function firstNamespace(namespaces: readonly string[], asked: string | null): string {
  const wishes = [asked, rememberedNamespace(), 'default']
  const wish = wishes.find((candidate) => candidate && (namespaces.length === 0 || namespaces.includes(candidate)))
  return wish ?? namespaces.find((namespace) => !/^(kube-|chiave-system$)/.test(namespace)) ?? 'default'
}
