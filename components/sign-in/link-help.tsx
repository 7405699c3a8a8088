'use client'

import { ClipboardCopy, Content, List, ListComponent, ListItem } from '@patternfly/react-core'
import { useSyncExternalStore } from 'react'
import { useT } from '../i18n/use-t'
import styles from './sign-in.module.css'

/** How the owner of the host gets a link that signs in once. */
export function LinkHelp() {
  const t = useT()
  const port = usePort()
  return (
    <div>
      <Content component="p">{t('signIn.link.how')}</Content>
      <List component={ListComponent.ol} className={styles['steps'] ?? ''}>
        <ListItem>
          {t('signIn.link.run')}
          <Command text="npm run login" />
          <Content component="small">{t('signIn.link.file')}</Content>
        </ListItem>
        <ListItem>{t('signIn.link.open')}</ListItem>
      </List>
      <Content component="p">{t('signIn.link.remote')}</Content>
      <Command text={`ssh -L ${port}:127.0.0.1:${port} ${t('signIn.link.target')}`} />
    </div>
  )
}

function Command({ text }: { text: string }) {
  const t = useT()
  return (
    <ClipboardCopy
      isReadOnly
      isCode
      hoverTip={t('ui.copy.copy')}
      clickTip={t('ui.copy.done')}
      textAriaLabel={text}
      className={styles['command'] ?? ''}
    >
      {text}
    </ClipboardCopy>
  )
}

/** The port of this console, which the tunnel needs on both sides. */
function usePort(): string {
  return useSyncExternalStore(
    () => () => undefined,
    () => window.location.port || (window.location.protocol === 'https:' ? '443' : '80'),
    () => '8006',
  )
}
