'use client'

import { Alert, Button, Card, CardBody, CardTitle, Content } from '@patternfly/react-core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { PersonSecurity } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { ApiFailure, useConsoleApi } from '../kube/api'
import { FailureView } from '../kube/failure-view'
import { useSession } from '../kube/session'
import { StatusLabel } from '../ui/status-label'
import { toast } from '../ui/toast'
import { LoadingView } from '../ui/views'
import { PasswordChangeForm } from './password-change-form'
import styles from './profile.module.css'
import { RemoveSecondFactor, SetUpSecondFactor } from './second-factor-dialogs'
import { SessionsSection } from './sessions-section'

const securityKey = ['person-security'] as const

/** Password, second factor, and where one is signed in. */
export function SecurityTab() {
  const t = useT()
  const call = useConsoleApi()
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: securityKey,
    // Our own gateway, agreed in contract/people.ts.
    queryFn: async () => (await call('GET', '/auth/profile/security')) as PersonSecurity,
  })
  const changed = () => client.invalidateQueries({ queryKey: securityKey })
  return (
    <div className={styles['sections']}>
      {error instanceof ApiFailure && !data && <FailureView small failure={error} onRetry={() => void refetch()} />}
      {!error && !data && <LoadingView lines={4} />}
      {data && !data.password && <LookedAfterElsewhere />}
      {data?.password && (
        <div className={styles['cards']}>
          <Card>
            <CardTitle component="h2">{t('profile.password.title')}</CardTitle>
            <CardBody>
              <PasswordChangeForm
                onChanged={() => {
                  toast({ variant: 'success', title: t('profile.password.changed') })
                  void client.invalidateQueries({ queryKey: ['sessions'] })
                }}
              />
            </CardBody>
          </Card>
          <SecondFactor security={data} onChanged={() => void changed()} />
        </div>
      )}
      <SessionsSection />
    </div>
  )
}

/** Who comes by a link, a token or a provider has no password here. */
function LookedAfterElsewhere() {
  const t = useT()
  const { source } = useSession()
  return (
    <Alert
      isInline
      component="h2"
      variant="info"
      variantLabel={t('ui.variant.info')}
      title={t('profile.security.elsewhere')}
    >
      {t(`profile.security.by.${source}`)}
    </Alert>
  )
}

function SecondFactor({ security, onChanged }: { security: PersonSecurity; onChanged: () => void }) {
  const t = useT()
  const [dialog, setDialog] = useState<'set-up' | 'remove'>()
  const close = () => {
    setDialog(undefined)
    onChanged()
  }
  return (
    <Card>
      <CardTitle component="h2">{t('profile.totp.title')}</CardTitle>
      <CardBody>
        <div className={styles['stack']}>
          <div>
            <StatusLabel tone={security.totp ? 'good' : 'off'}>
              {t(security.totp ? 'profile.totp.on' : 'profile.totp.off')}
            </StatusLabel>
          </div>
          <Content component="p">{t('profile.totp.description')}</Content>
          {security.totp && (
            <Content component="p">{t('profile.totp.codesLeft', { count: security.recoveryCodesLeft })}</Content>
          )}
          <div className={styles['row']}>
            {security.totp ? (
              <Button variant="secondary" isDanger onClick={() => setDialog('remove')}>
                {t('profile.totp.remove')}
              </Button>
            ) : (
              <Button variant="primary" onClick={() => setDialog('set-up')}>
                {t('profile.totp.setUp')}
              </Button>
            )}
          </div>
        </div>
        {dialog === 'set-up' && <SetUpSecondFactor onClose={close} />}
        {dialog === 'remove' && <RemoveSecondFactor onClose={close} />}
      </CardBody>
    </Card>
  )
}
