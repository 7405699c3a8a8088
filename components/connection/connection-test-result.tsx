'use client'

import { Alert } from '@patternfly/react-core'
import { type ConnectionTest, isAnswering } from '@/contract/connections'
import { useT } from '../i18n/use-t'
import { stateKey } from './health'

/** How a kubeconfig did when it was tried. */
export function ConnectionTestResult({ result }: { result: ConnectionTest }) {
  const t = useT()
  const { health, identity, server, user, version = '–', warnings } = result
  const good = isAnswering(health)
  return (
    <div role="status">
      <Alert
        isInline
        component="p"
        variant={good ? 'success' : 'danger'}
        variantLabel={t(good ? 'ui.variant.success' : 'ui.variant.danger')}
        title={good ? t('connection.add.answers', { server }) : t(stateKey(health))}
      >
        <p>{good ? t('connection.add.as', { user: identity?.user ?? user, version }) : health.message}</p>
        {warnings.map((warning) => (
          <p key={warning}>{t(`connection.add.warning.${warning}`)}</p>
        ))}
      </Alert>
    </div>
  )
}
