'use client'

import {
  Button,
  Pagination,
  SearchInput,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core'
import { type ReactNode, useEffect, useRef } from 'react'
import { ActionMenu, type MenuAction } from './row-menu'
import { pageSizes, type TableQuery } from './table-model'
import styles from './table-toolbar.module.css'
import { useUiText } from './use-ui-text'

export interface TableToolbarProps {
  label: string
  query: TableQuery
  onQuery: (query: TableQuery) => void
  /** Rows that match. */
  total: number
  filters?: { content: ReactNode; active: boolean; clear: () => void } | undefined
  selectedCount: number
  bulkActions?: (() => readonly MenuAction[]) | undefined
  onClearSelection: () => void
}

/** Text filter, more filters, what to do with the selection, and pages. `/` jumps to the filter. */
export function TableToolbar(props: TableToolbarProps) {
  const { query, onQuery, total, filters, selectedCount } = props
  const t = useUiText()
  const search = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const jump = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      event.preventDefault()
      search.current?.focus()
    }
    document.addEventListener('keydown', jump)
    return () => document.removeEventListener('keydown', jump)
  }, [])
  const filtering = query.text !== '' || filters?.active === true
  return (
    <Toolbar className={styles['toolbar'] ?? ''}>
      <ToolbarContent alignItems="center">
        <ToolbarItem>
          <SearchInput
            ref={search}
            aria-label={t('ui.table.filterBy')}
            resetButtonLabel={t('ui.table.clearFilter')}
            placeholder={t('ui.table.filter')}
            value={query.text}
            onChange={(_event, text) => onQuery({ ...query, text, page: 1 })}
            onClear={() => onQuery({ ...query, text: '', page: 1 })}
            onKeyDown={(event) => event.key === 'Escape' && onQuery({ ...query, text: '', page: 1 })}
          />
        </ToolbarItem>
        {filters?.content}
        {filtering && (
          <ToolbarItem>
            <Button
              variant="link"
              isInline
              onClick={() => {
                filters?.clear()
                if (query.text !== '') onQuery({ ...query, text: '', page: 1 })
              }}
            >
              {t('ui.table.clearFilters')}
            </Button>
          </ToolbarItem>
        )}
        {props.bulkActions !== undefined && selectedCount > 0 && (
          <ToolbarGroup>
            <ToolbarItem>
              <ActionMenu
                label={t('ui.table.bulk')}
                text={t('ui.table.selected', { count: selectedCount })}
                actions={props.bulkActions}
              />
            </ToolbarItem>
            <ToolbarItem>
              <Button variant="link" onClick={props.onClearSelection}>
                {t('ui.table.clearSelection')}
              </Button>
            </ToolbarItem>
          </ToolbarGroup>
        )}
        {total > pageSizes[0] && (
          <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
            <Pagination
              isCompact
              itemCount={total}
              page={query.page}
              perPage={query.pageSize}
              perPageOptions={pageSizes.map((size) => ({ title: String(size), value: size }))}
              onSetPage={(_event, page) => onQuery({ ...query, page })}
              onPerPageSelect={(_event, pageSize) => onQuery({ ...query, pageSize, page: 1 })}
              titles={{
                paginationAriaLabel: t('ui.table.paging', { table: props.label }),
                ofWord: t('ui.table.of'),
                optionsToggleAriaLabel: t('ui.table.itemsPerPage'),
                itemsPerPage: t('ui.table.itemsPerPage'),
                perPageSuffix: t('ui.table.perPage'),
                toNextPageAriaLabel: t('ui.table.next'),
                toPreviousPageAriaLabel: t('ui.table.previous'),
              }}
            />
          </ToolbarItem>
        )}
      </ToolbarContent>
    </Toolbar>
  )
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  )
}
