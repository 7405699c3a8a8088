'use client'

import { Label, LabelGroup } from '@patternfly/react-core'
import { KeyIcon } from '@patternfly/react-icons'
import type { LocalUser } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { StatusLabel } from '../ui/status-label'
import { useNow } from '../ui/time-ago'
import { userStateOf, userTones } from './user-state'

/** Whether a user can sign in, and whether they are an administrator. */
export function UserBadges({ user }: { user: LocalUser }) {
  const t = useT()
  const state = userStateOf(user, useNow())
  return (
    <LabelGroup numLabels={3} aria-label={t('users.column.state')}>
      <StatusLabel tone={userTones[state]}>{t(`users.state.${state}`)}</StatusLabel>
      {user.administrator && (
        <Label color="purple" variant="outline" isCompact icon={<KeyIcon />}>
          {t('users.administrator')}
        </Label>
      )}
    </LabelGroup>
  )
}
