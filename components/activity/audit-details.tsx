'use client'

import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  DrawerActions,
  DrawerCloseButton,
  DrawerHead,
  DrawerPanelBody,
  DrawerPanelContent,
  Title,
} from '@patternfly/react-core'
import { useEffect, useRef } from 'react'
import type { AuditChange, AuditEntry } from '@/contract/audit'
import { useLanguage, useT } from '../i18n/use-t'
import styles from './audit-details.module.css'
import { AuditObjectLink } from './audit-object-link'
import { actionWords } from './audit-words'

/** Everything that the record has of one entry, beside the table. */
export function AuditDetails({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  const t = useT()
  const language = useLanguage()
  const title = useRef<HTMLDivElement>(null)
  // Who opens it with the keyboard goes on reading there.
  useEffect(() => title.current?.focus(), [])
  const { time, person, object, outcome, status, message, source, address, requestId, auditId, durationMs } = entry
  const facts: readonly [string, React.ReactNode][] = [
    [
      t('activity.audit.column.time'),
      new Date(time).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'medium' }),
    ],
    [t('activity.audit.column.person'), source ? `${person} (${source})` : person],
    [t('activity.audit.column.object'), object && <AuditObjectLink entry={entry} />],
    [t('activity.audit.column.namespace'), object?.namespace],
    [t('activity.audit.column.outcome'), `${t(`activity.audit.outcome.${outcome}`)} (${status})`],
    [t('activity.audit.column.message'), message],
    [t('activity.audit.detail.duration'), durationMs === undefined ? undefined : `${durationMs} ms`],
    [t('activity.audit.detail.address'), address],
    [t('activity.audit.detail.request'), requestId],
    [t('activity.audit.detail.clusterAudit'), auditId],
  ]
  return (
    <DrawerPanelContent widths={{ default: 'width_50' }} aria-label={t('activity.audit.detail.label')}>
      <DrawerHead>
        <Title headingLevel="h2" size="lg">
          <span ref={title} tabIndex={-1}>
            {actionWords(entry, t)}
          </span>
        </Title>
        <DrawerActions>
          <DrawerCloseButton onClick={onClose} aria-label={t('activity.audit.detail.close')} />
        </DrawerActions>
      </DrawerHead>
      <DrawerPanelBody>
        <DescriptionList isCompact isHorizontal>
          {facts
            .filter(([, value]) => value !== undefined && value !== '')
            .map(([term, value]) => (
              <DescriptionListGroup key={term}>
                <DescriptionListTerm>{term}</DescriptionListTerm>
                <DescriptionListDescription className={styles['value'] ?? ''}>{value}</DescriptionListDescription>
              </DescriptionListGroup>
            ))}
        </DescriptionList>
        {entry.changes && <Changes changes={entry.changes} cut={entry.changesCut === true} />}
      </DrawerPanelBody>
    </DrawerPanelContent>
  )
}

function Changes({ changes, cut }: { changes: readonly AuditChange[]; cut: boolean }) {
  const t = useT()
  return (
    <section className={styles['changes']}>
      <Title headingLevel="h3" size="md">
        {t('activity.audit.detail.changes')}
      </Title>
      {changes.map(({ path, before, after }) => (
        <div key={path} className={styles['change']}>
          <code>{path}</code>
          {before !== undefined && (
            <del>
              <span className="pf-v6-screen-reader">{t('activity.audit.detail.before')}</span>
              <pre>{shown(before)}</pre>
            </del>
          )}
          {after !== undefined && (
            <ins>
              <span className="pf-v6-screen-reader">{t('activity.audit.detail.after')}</span>
              <pre>{shown(after)}</pre>
            </ins>
          )}
        </div>
      ))}
      {cut && <p>{t('activity.audit.detail.cut')}</p>}
    </section>
  )
}

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value, undefined, 2))
