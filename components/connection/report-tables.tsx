'use client'

import type { FeatureReport, PartReport, PartState } from '@/contract/cluster-report/build-report'
import { parts } from '@/contract/cluster-report/parts'
import type { MessageKey } from '../i18n/catalogue'
import { useT } from '../i18n/use-t'
import { DataTable } from '../ui/data-table'
import { StatusLabel, type Tone } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { EmptyView } from '../ui/views'

const tones: Record<PartState, Tone> = {
  present: 'good',
  absent: 'off',
  troubled: 'bad',
  tooOld: 'bad',
  untried: 'warning',
  unknown: 'unknown',
}

/** The parts of the platform: whether each is there, in which version, and what it adds. */
export function PartTable({ rows, loading }: { rows: readonly PartReport[]; loading: boolean }) {
  const t = useT()
  const columns: readonly Column<PartReport>[] = [
    { id: 'part', label: t('connection.part.label'), width: 20, value: ({ name }) => name },
    {
      id: 'state',
      label: t('connection.part.state'),
      value: (part) => t(stateKey(part)),
      cell: (part) => <StatusLabel tone={toneOf(part)}>{t(stateKey(part))}</StatusLabel>,
    },
    { id: 'version', label: t('connection.part.version'), value: ({ version }) => version ?? '–' },
    {
      id: 'served',
      label: t('connection.part.served'),
      shown: 'wide',
      long: true,
      width: 25,
      value: ({ served }) => served.join(', ') || '–',
    },
    {
      id: 'adds',
      label: t('connection.part.adds'),
      width: 30,
      value: (part) => [t(`connection.part.does.${part.id}`), explanationOf(part, t)].filter(Boolean).join(' '),
    },
  ]
  return (
    <DataTable<PartReport>
      label={t('connection.part.title')}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      rowName={({ name }) => name}
      loading={loading}
      plain
      empty={<EmptyView small title={t('connection.part.none')} />}
    />
  )
}

const stateKey = ({ state }: PartReport): MessageKey => `connection.part.is.${state}`

/** Without a required part nothing works: its absence is no matter of taste. */
const toneOf = ({ state, required }: PartReport): Tone => (state === 'absent' && required ? 'bad' : tones[state])

function explanationOf({ state, bound = '', words = '' }: PartReport, t: ReturnType<typeof useT>): string {
  if (state === 'tooOld') return t('connection.part.tooOld', { bound })
  if (state === 'untried') return t('connection.part.untried', { bound })
  return state === 'troubled' ? words : ''
}

/** What the cluster makes possible here, with the reason of everything that it does not. */
export function FeatureTable({ rows, loading }: { rows: readonly FeatureReport[]; loading: boolean }) {
  const t = useT()
  const columns: readonly Column<FeatureReport>[] = [
    {
      id: 'feature',
      label: t('connection.feature.label'),
      width: 30,
      value: ({ id }) => t(`connection.feature.name.${id}`),
    },
    {
      id: 'state',
      label: t('connection.feature.state'),
      value: ({ state }) => t(`connection.feature.is.${state}`),
      cell: ({ state }) => (
        <StatusLabel tone={state === 'available' ? 'good' : state === 'missing' ? 'off' : 'unknown'}>
          {t(`connection.feature.is.${state}`)}
        </StatusLabel>
      ),
    },
    {
      id: 'why',
      label: t('connection.feature.why'),
      width: 50,
      long: true,
      value: (feature) => reasonOf(feature, t),
    },
  ]
  return (
    <DataTable<FeatureReport>
      label={t('connection.feature.title')}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      rowName={({ id }) => t(`connection.feature.name.${id}`)}
      loading={loading}
      plain
      empty={<EmptyView small title={t('connection.part.none')} />}
    />
  )
}

function reasonOf(feature: FeatureReport, t: ReturnType<typeof useT>): string {
  const part = parts.find(({ id }) => id === feature.part)?.name ?? feature.part
  const { because, what = '', apiVersion = '', older } = feature
  if (because !== undefined) return t(`connection.feature.because.${because}`, { part, what })
  if (feature.state === 'unknown') return t('connection.feature.unknownWhy')
  return t(older ? 'connection.feature.olderVersion' : 'connection.feature.by', { version: apiVersion })
}
