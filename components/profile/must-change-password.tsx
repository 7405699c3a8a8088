'use client'

import { Card, CardBody, CardTitle, Content } from '@patternfly/react-core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useT } from '../i18n/use-t'
import { BarePage } from '../shell/bare-page'
import { PasswordChangeForm } from './password-change-form'

/** Instead of every page, as long as somebody else knows the person's password. */
export function MustChangePassword() {
  const t = useT()
  const client = useQueryClient()
  useEffect(() => {
    document.title = `${t('profile.password.must.title')} · Chiave`
  }, [t])
  return (
    <BarePage>
      <Card>
        <CardTitle component="h1">{t('profile.password.must.title')}</CardTitle>
        <CardBody>
          <Content component="p">{t('profile.password.must.body')}</Content>
          <PasswordChangeForm onChanged={() => void client.invalidateQueries({ queryKey: ['session'] })} />
        </CardBody>
      </Card>
    </BarePage>
  )
}
