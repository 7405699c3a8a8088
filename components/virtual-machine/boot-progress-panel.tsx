'use client'

import { Alert, Card, CardBody, ProgressStep, ProgressStepper } from '@patternfly/react-core'
import { useT } from '../i18n/use-t'
import { RelativeProgress } from '../ui/relative-progress'
import type { BootProgress, BootStep, BootStepState } from './boot-progress'

const variants: Record<BootStepState, 'pending' | 'info' | 'success' | 'danger'> = {
  waiting: 'pending',
  current: 'info',
  done: 'success',
  failed: 'danger',
}

/** The steps from an image to a running guest, and why it does not go on when it does not. */
export function BootProgressPanel({ name, progress }: { name: string; progress: BootProgress }) {
  const t = useT()
  const title = t('machine.progress.title', { name })
  const disk = progress.steps.find(({ id }) => id === 'disk')
  return (
    <Card isCompact data-testid="boot-progress" aria-label={title} component="section">
      <CardBody>
        <ProgressStepper isCenterAligned aria-label={title}>
          {progress.steps.map((step) => (
            <ProgressStep
              key={step.id}
              id={`boot-${step.id}`}
              titleId={`boot-${step.id}-title`}
              variant={variants[step.state]}
              isCurrent={step.state === 'current'}
              aria-label={`${wordsOf(step)}: ${t(`machine.progress.state.${step.state}`)}`}
              {...(step.state === 'current' || step.state === 'failed'
                ? { description: t(`machine.progress.state.${step.state}`) }
                : {})}
            >
              {wordsOf(step)}
            </ProgressStep>
          ))}
        </ProgressStepper>
        {disk?.state === 'current' && (
          <div style={{ marginBlockStart: 'var(--pf-t--global--spacer--md)' }}>
            <RelativeProgress label={t(`machine.progress.disk.${progress.disk}`)} percent={progress.percent} />
          </div>
        )}
        {progress.failure !== undefined && (
          <Alert component="p" isInline variant="danger" title={t('machine.progress.failed')}>
            {progress.failure}
          </Alert>
        )}
      </CardBody>
    </Card>
  )

  function wordsOf({ id, state }: BootStep): string {
    if (id !== 'disk') return t(`machine.progress.${id}`)
    return state === 'done' ? t('machine.progress.diskReady') : t(`machine.progress.disk.${progress.disk}`)
  }
}
