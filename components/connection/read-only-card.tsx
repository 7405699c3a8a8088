'use client'

import { Alert, Button, Card, CardBody, CardHeader, CardTitle, Content, Switch } from '@patternfly/react-core'
import { useRouter } from 'next/navigation'
import type { ConnectionInfo } from '@/contract/connections'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { paths } from '../shell/paths'
import { confirm } from '../ui/confirm'
import { toast } from '../ui/toast'
import styles from './connection.module.css'
import { useReadOnlySwitch } from './use-connections'

/** The switch that keeps a person from changing a cluster; turned off only knowingly. */
export function ReadOnlyCard({ connection }: { connection: ConnectionInfo }) {
  const t = useT()
  const router = useRouter()
  const turn = useReadOnlySwitch(connection.name)
  const { displayName: cluster, readOnly } = connection
  const isNew = connection.readOnlyByDefault && !connection.decided

  const choose = async (next: boolean) => {
    if (!next) {
      const sure = await confirm({
        title: t('connection.readOnly.offTitle', { cluster }),
        body: t('connection.readOnly.offBody', { cluster, server: connection.server ?? cluster }),
        confirmLabel: t('connection.readOnly.off'),
      })
      if (!sure) return
    }
    try {
      await turn.mutateAsync(next)
      if (isNew) router.push(paths.overview(connection.name))
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure
      toast({ variant: 'danger', title: t('connection.readOnly.failed'), body: failureSentence(failure, t) })
    }
  }
  return (
    <Card>
      <CardHeader>
        <CardTitle component="h2">{t('connection.readOnly.title')}</CardTitle>
      </CardHeader>
      <CardBody>
        {isNew && (
          <Alert
            isInline
            variant="info"
            variantLabel={t('ui.variant.info')}
            component="p"
            title={t('connection.readOnly.newTitle', { cluster })}
            actionLinks={
              <>
                <Button variant="primary" isDisabled={turn.isPending} onClick={() => void choose(true)}>
                  {t('connection.readOnly.keep')}
                </Button>
                <Button variant="secondary" isDisabled={turn.isPending} onClick={() => void choose(false)}>
                  {t('connection.readOnly.off')}
                </Button>
              </>
            }
          >
            {t('connection.readOnly.newBody')}
          </Alert>
        )}
        {!isNew && (
          <Switch
            id="read-only"
            label={t('connection.readOnly.switch', { cluster })}
            isChecked={readOnly}
            isDisabled={turn.isPending}
            onChange={(_event, checked) => void choose(checked)}
          />
        )}
        <Content component="p" className={styles['explained'] ?? ''}>
          {t('connection.readOnly.explained')}
        </Content>
      </CardBody>
    </Card>
  )
}
