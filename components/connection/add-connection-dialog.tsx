'use client'

import {
  Button,
  FileUpload,
  Form,
  FormSelect,
  FormSelectOption,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { type AddConnection, type ConnectionTest, isAnswering, maxKubeconfigBytes } from '@/contract/connections'
import { describedBy, FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useAttempt } from '../kube/use-attempt'
import { paths } from '../shell/paths'
import styles from './connection.module.css'
import { ConnectionTestResult } from './connection-test-result'
import { useAddConnection, useConnectionTest } from './use-connections'

/** Adds a cluster by its kubeconfig: first it is tried, then, knowing the outcome, one keeps it. */
export function AddConnectionDialog({ onClose }: { onClose: () => void }) {
  const t = useT()
  const router = useRouter()
  const tryIt = useConnectionTest()
  const keepIt = useAddConnection()
  const attempt = useAttempt()
  const [kubeconfig, setKubeconfig] = useState('')
  const [fileName, setFileName] = useState('')
  const [context, setContext] = useState<string>()
  const [displayName, setDisplayName] = useState('')
  const [result, setResult] = useState<ConnectionTest>()

  const change = (text: string) => {
    setKubeconfig(text)
    setContext(undefined)
    setResult(undefined)
    attempt.reset()
  }
  const request = (chosen: string | undefined): AddConnection => ({
    kubeconfig,
    ...(chosen === undefined ? {} : { context: chosen }),
    ...(displayName.trim() === '' ? {} : { displayName: displayName.trim() }),
  })
  const test = (chosen: string | undefined) =>
    attempt.run(async () => {
      setResult(undefined)
      const found = await tryIt.mutateAsync(request(chosen))
      setContext(found.context)
      setResult(found)
    })
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (kubeconfig.trim() === '') return
    if (!result) return void test(context)
    const kept = await attempt.run(async () => {
      const { name } = await keepIt.mutateAsync(request(context))
      router.push(paths.connection(name))
    })
    if (kept) onClose()
  }
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="add-title" aria-describedby="add-body">
      <ModalHeader title={t('connection.add.title')} labelId="add-title" description={t('connection.add.body')} />
      <ModalBody id="add-body">
        <Form id="add-form" onSubmit={(event) => void submit(event)}>
          <FailureAlert failure={attempt.failure} />
          <FormField
            label={t('connection.add.kubeconfig')}
            fieldId="add-kubeconfig"
            required
            hint={t('connection.add.kubeconfigHint')}
          >
            <FileUpload
              id="add-kubeconfig"
              className={styles['kubeconfig'] ?? ''}
              type="text"
              value={kubeconfig}
              filename={fileName}
              filenamePlaceholder={t('connection.add.filePlaceholder')}
              browseButtonText={t('connection.add.browse')}
              clearButtonText={t('connection.add.clear')}
              aria-label={t('connection.add.kubeconfig')}
              dropzoneProps={{ maxSize: maxKubeconfigBytes }}
              onFileInputChange={(_event, file) => setFileName(file.name)}
              onDataChange={(_event, text) => change(text)}
              onTextChange={(_event, text) => change(text)}
              onClearClick={() => {
                setFileName('')
                change('')
              }}
              allowEditingUploadedText
              hideDefaultPreview={false}
            />
          </FormField>
          {result && result.contexts.length > 1 && (
            <FormField label={t('connection.facts.context')} fieldId="add-context">
              <FormSelect
                id="add-context"
                value={context ?? ''}
                onChange={(_event, chosen) => {
                  setContext(chosen)
                  void test(chosen)
                }}
              >
                {result.contexts.map((name) => (
                  <FormSelectOption key={name} value={name} label={name} />
                ))}
              </FormSelect>
            </FormField>
          )}
          {result && <ConnectionTestResult result={result} />}
          {result && (
            <FormField label={t('connection.add.name')} fieldId="add-name" hint={t('connection.add.nameHint')}>
              <TextInput
                id="add-name"
                aria-describedby={describedBy('add-name')}
                value={displayName}
                placeholder={result.context}
                maxLength={100}
                onChange={(_event, value) => setDisplayName(value)}
              />
            </FormField>
          )}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form="add-form"
          variant={result && !isAnswering(result.health) ? 'warning' : 'primary'}
          isDisabled={kubeconfig.trim() === '' || attempt.busy}
          isLoading={attempt.busy}
        >
          {t(labelOf(result))}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t('ui.confirm.cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}

function labelOf(result: ConnectionTest | undefined) {
  if (!result) return 'connection.add.test'
  return isAnswering(result.health) ? 'connection.add.keep' : 'connection.add.keepAnyway'
}
