'use client'

import {
  Alert,
  Card,
  CardBody,
  CardTitle,
  ClipboardCopy,
  Content,
  List,
  ListComponent,
  ListItem,
} from '@patternfly/react-core'
import { useEffect, useSyncExternalStore } from 'react'
import { useT } from '../i18n/use-t'
import { keepReturn } from '../kube/sign-in-redirect'
import { BarePage } from './bare-page'
import { Brand } from './mark'
import { LanguageMenu, ThemeMenu } from './preferences'
import styles from './sign-in.module.css'

export interface SignInPageProps {
  /** Why the last attempt failed: `link` for a link that is used up, too old or no link at all. */
  error?: string | undefined
  /** The page to come back to. */
  next?: string | undefined
}

/** Tells how to get in: there are no passwords, only links that the owner of the host can read. */
export function SignInPage({ error, next }: SignInPageProps) {
  const t = useT()
  const port = usePort()
  useEffect(() => {
    document.title = `${t('signIn.title')} · Chiave`
    if (next) keepReturn(next)
  }, [t, next])
  useReturnWhenSignedIn()
  return (
    <BarePage>
      <Card>
        <CardTitle component="h1">
          <div className={styles['head']}>
            <Brand />
            <span>
              <ThemeMenu />
              <LanguageMenu />
            </span>
          </div>
        </CardTitle>
        <CardBody>
          {error !== undefined && (
            <Alert
              isInline
              variant="warning"
              variantLabel={t('ui.variant.warning')}
              component="h2"
              title={t('signIn.expired.title')}
            >
              {t('signIn.expired.body')}
            </Alert>
          )}
          <Content component="h2">{t('signIn.title')}</Content>
          <Content component="p">{t('signIn.how')}</Content>
          <List component={ListComponent.ol} className={styles['steps'] ?? ''}>
            <ListItem>
              {t('signIn.run')}
              <Command text="npm run login" />
              <Content component="small">{t('signIn.file')}</Content>
            </ListItem>
            <ListItem>{t('signIn.open')}</ListItem>
          </List>
          <Content component="h3">{t('signIn.remote.title')}</Content>
          <Content component="p">{t('signIn.remote.body')}</Content>
          <Command text={`ssh -L ${port}:127.0.0.1:${port} ${t('signIn.remote.target')}`} />
        </CardBody>
      </Card>
    </BarePage>
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

/** The link is usually opened in another tab; when one comes back to this one, it should not still ask. */
function useReturnWhenSignedIn(): void {
  useEffect(() => {
    const look = async () => {
      if (document.visibilityState !== 'visible') return
      try {
        const answer = await fetch('/auth/session', { credentials: 'same-origin' })
        if (answer.ok) window.location.assign('/')
      } catch (cause) {
        // Nobody home: the person will notice when they open the link.
        if (!(cause instanceof TypeError)) throw cause
      }
    }
    const listen = () => void look()
    document.addEventListener('visibilitychange', listen)
    return () => document.removeEventListener('visibilitychange', listen)
  }, [])
}
