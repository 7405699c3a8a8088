'use client'

import { Button, SearchInput, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem } from '@patternfly/react-core'
import { DownloadIcon } from '@patternfly/react-icons'
import { useMemo, useState } from 'react'
import { type AuditQuery, auditOutcomes, auditSearch, auditTypes } from '@/contract/audit'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useAddressQuery } from '../shell/use-address-query'
import { FilterSelect } from '../ui/filter-select'
import { AuditTable } from './audit-table'
import { type AuditRange, auditRanges, useAudit } from './use-audit'

const ranges = Object.keys(auditRanges) as AuditRange[] // the keys of that very object

/** What people did through this console; the server filters. */
export function AuditView() {
  const t = useT()
  const cluster = useCluster()
  const address = useAddressQuery()
  const [type, outcome, text] = [address.get('type'), address.get('outcome'), address.get('q')]
  const range = ranges.find((candidate) => candidate === address.get('range'))
  const query = useMemo<AuditQuery>(() => {
    const known = auditTypes.find((candidate) => candidate === type)
    const result = auditOutcomes.find((candidate) => candidate === outcome)
    // Signing in and the console's own things belong to no cluster.
    const everywhere = known !== undefined && known !== 'call' && known !== 'stream'
    return {
      ...(everywhere ? {} : { cluster }),
      ...(known ? { type: known } : {}),
      ...(result ? { outcome: result } : {}),
      ...(text === '' ? {} : { text }),
    }
  }, [cluster, type, outcome, text])
  const audit = useAudit(query, range)
  const filtered = type !== '' || outcome !== '' || text !== '' || range !== undefined
  return (
    <>
      <Toolbar>
        <ToolbarContent alignItems="center">
          <ToolbarItem>
            <TextFilter key={text} text={text} onSearch={(q) => address.set({ q })} />
          </ToolbarItem>
          <ToolbarItem>
            <FilterSelect
              label={t('activity.audit.filter.type')}
              allLabel={t('activity.audit.filter.allTypes')}
              value={type}
              onChange={(value) => address.set({ type: value })}
              choices={auditTypes.map((value) => ({ value, label: t(`activity.audit.type.${value}`) }))}
            />
          </ToolbarItem>
          <ToolbarItem>
            <FilterSelect
              label={t('activity.audit.column.outcome')}
              allLabel={t('activity.audit.filter.allOutcomes')}
              value={outcome}
              onChange={(value) => address.set({ outcome: value })}
              choices={auditOutcomes.map((value) => ({ value, label: t(`activity.audit.outcome.${value}`) }))}
            />
          </ToolbarItem>
          <ToolbarItem>
            <FilterSelect
              label={t('activity.audit.column.time')}
              allLabel={t('activity.audit.filter.anyTime')}
              value={range ?? ''}
              onChange={(value) => address.set({ range: value })}
              choices={ranges.map((value) => ({ value, label: t(`activity.audit.range.${value}`) }))}
            />
          </ToolbarItem>
          <ToolbarGroup align={{ default: 'alignEnd' }}>
            <Export query={query} range={range} />
          </ToolbarGroup>
        </ToolbarContent>
      </Toolbar>
      <AuditTable audit={audit} filtered={filtered} />
    </>
  )
}

/** Asks the server when one presses Enter, not at every key. */
function TextFilter({ text, onSearch }: { text: string; onSearch: (text: string) => void }) {
  const t = useT()
  const [typed, setTyped] = useState(text)
  return (
    <SearchInput
      aria-label={t('activity.audit.filter.text')}
      placeholder={t('activity.audit.filter.text')}
      submitSearchButtonLabel={t('activity.audit.filter.search')}
      resetButtonLabel={t('ui.table.clearFilter')}
      value={typed}
      onChange={(_event, value) => setTyped(value)}
      onSearch={(_event, value) => onSearch(value)}
      onClear={() => onSearch('')}
    />
  )
}

/** Everything that the filters leave, as a file. */
function Export({ query, range }: { query: AuditQuery; range: AuditRange | undefined }) {
  const t = useT()
  const [now] = useState(() => Date.now())
  const from = range ? { from: new Date(now - auditRanges[range]).toISOString() } : {}
  const hrefOf = (format: string) => `/audit/export?${auditSearch({ ...query, ...from }, { format })}`
  return (['csv', 'jsonl'] as const).map((format) => (
    <ToolbarItem key={format}>
      <Button variant="link" isInline component="a" icon={<DownloadIcon />} href={hrefOf(format)} download>
        {t(`activity.audit.export.${format}`)}
      </Button>
    </ToolbarItem>
  ))
}
