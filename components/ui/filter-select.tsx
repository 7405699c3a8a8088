'use client'

import { MenuToggle, type MenuToggleElement, Select, SelectList, SelectOption } from '@patternfly/react-core'
import { FilterIcon } from '@patternfly/react-icons'
import { useState } from 'react'

export interface FilterChoice {
  value: string
  label: string
  /** How many rows it would leave. */
  count?: number
}

export interface FilterSelectProps {
  /** What is filtered: "Status". */
  label: string
  /** The choice that filters nothing: "All statuses". */
  allLabel: string
  choices: readonly FilterChoice[]
  /** Empty: all. */
  value: string
  onChange: (value: string) => void
}

/** One filter of a table's toolbar, with a single choice. */
export function FilterSelect({ label, allLabel, choices, value, onChange }: FilterSelectProps) {
  const [open, setOpen] = useState(false)
  const chosen = choices.find((choice) => choice.value === value)?.label ?? (value === '' ? allLabel : value)
  return (
    <Select
      isOpen={open}
      onOpenChange={setOpen}
      selected={value}
      onSelect={(_event, next) => {
        setOpen(false)
        onChange(String(next))
      }}
      shouldFocusToggleOnSelect
      toggle={(ref: React.Ref<MenuToggleElement>) => (
        <MenuToggle
          ref={ref}
          icon={<FilterIcon />}
          isExpanded={open}
          aria-label={`${label}: ${chosen}`}
          onClick={() => setOpen(!open)}
        >
          {chosen}
        </MenuToggle>
      )}
    >
      <SelectList aria-label={label} style={{ maxBlockSize: '20rem', overflowY: 'auto' }}>
        <SelectOption value="">{allLabel}</SelectOption>
        {choices.map((choice) => (
          <SelectOption key={choice.value} value={choice.value}>
            {choice.count === undefined ? choice.label : `${choice.label} (${choice.count})`}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  )
}
