'use client'

import {
  Dropdown,
  MenuSearch,
  MenuSearchInput,
  MenuToggle,
  type MenuToggleElement,
  SearchInput,
} from '@patternfly/react-core'
import { type ReactNode, type Ref, useState } from 'react'

export interface SearchDropdownProps {
  /** The toggle's name. */
  label: string
  icon?: ReactNode
  className?: string
  /** What the toggle shows. */
  shown: ReactNode
  /** The search field's name; left out: there is too little to search in. */
  find?: string | undefined
  /** The menu, given what is typed (trimmed, lower case) and the way to close it. */
  children: (menu: { text: string; close: () => void }) => ReactNode
}

/** A toggle of the masthead with a menu that can be searched; what was typed is gone when it closes. */
export function SearchDropdown({ label, icon, className, shown, find, children }: SearchDropdownProps) {
  const [open, setOpen] = useState(false)
  const [text, setText] = useState('')
  const close = () => {
    setOpen(false)
    setText('')
  }
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={(next) => (next ? setOpen(true) : close())}
      shouldFocusToggleOnSelect
      isScrollable
      toggle={(ref: Ref<MenuToggleElement>) => (
        <MenuToggle
          ref={ref}
          variant="plainText"
          {...(className === undefined ? {} : { className })}
          {...(icon ? { icon } : {})}
          isExpanded={open}
          aria-label={label}
          onClick={() => (open ? close() : setOpen(true))}
        >
          {shown}
        </MenuToggle>
      )}
    >
      {find !== undefined && (
        <MenuSearch>
          <MenuSearchInput>
            <SearchInput
              aria-label={find}
              placeholder={find}
              value={text}
              onChange={(_event, value) => setText(value)}
              onClear={() => setText('')}
            />
          </MenuSearchInput>
        </MenuSearch>
      )}
      {children({ text: text.trim().toLowerCase(), close })}
    </Dropdown>
  )
}
