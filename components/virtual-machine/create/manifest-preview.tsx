'use client'

import { CodeBlock, CodeBlockAction, CodeBlockCode, Content } from '@patternfly/react-core'
import { useEffect, useRef } from 'react'
import { buildCreateVirtualMachine, objectsToCreate } from '@/contract/builders/create-virtual-machine'
import {
  type CreateVirtualMachineForm,
  createVirtualMachineSchema,
} from '@/contract/builders/create-virtual-machine-form'
import { maskSecretValues, printManifest } from '@/contract/builders/manifest'
import { useT } from '../../i18n/use-t'
import { CopyButton } from '../../ui/copy-button'

/** What will be sent, as YAML; Secrets' values are masked. */
export function ManifestPreview({ values }: { values: CreateVirtualMachineForm }) {
  const t = useT()
  const section = useRef<HTMLElement>(null)
  // It opens below everything else, often outside the window.
  useEffect(() => {
    section.current?.scrollIntoView({ block: 'start' })
  }, [])
  const parsed = createVirtualMachineSchema.safeParse(values)
  if (!parsed.success) return <Content component="p">{t('create.previewInvalid')}</Content>
  const text = printManifest(objectsToCreate(buildCreateVirtualMachine(parsed.data)).map(maskSecretValues))
  return (
    <section ref={section} aria-label={t('create.previewLabel')} data-testid="manifest-preview">
      <Content component="small">{t('create.previewHint')}</Content>
      <CodeBlock
        actions={
          <CodeBlockAction>
            <CopyButton text={text} />
          </CodeBlockAction>
        }
      >
        <CodeBlockCode>{text}</CodeBlockCode>
      </CodeBlock>
    </section>
  )
}
