'use client'

import {
  Divider,
  Dropdown,
  DropdownItem,
  DropdownList,
  MenuToggle,
  type MenuToggleElement,
} from '@patternfly/react-core'
import { EllipsisVIcon } from '@patternfly/react-icons'
import { type ReactNode, useState } from 'react'

/** One entry of a menu as data. A forbidden one stays visible and says why. */
export interface MenuAction {
  id: string
  label: string
  run: () => void
  /** Why it cannot be done now; undefined when it can. */
  disabled?: string | undefined
  danger?: boolean
  /** Stands apart from the ones above. */
  separated?: boolean
}

export interface ActionMenuProps {
  label: string
  /** Asked when the menu opens, so that a long table does not think through menus that nobody looks at. */
  actions: () => readonly MenuAction[]
  /** A button with words instead of three dots. */
  text?: ReactNode
  primary?: boolean
  isDisabled?: boolean
}

/** A menu of actions behind three dots or a button. */
export function ActionMenu({ label, actions, text, primary, isDisabled }: ActionMenuProps) {
  const [open, setOpen] = useState(false)
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: 'right' }}
      shouldFocusToggleOnSelect
      toggle={(ref: React.Ref<MenuToggleElement>) => (
        <MenuToggle
          ref={ref}
          aria-label={label}
          isExpanded={open}
          isDisabled={isDisabled ?? false}
          onClick={() => setOpen(!open)}
          {...(text === undefined
            ? { variant: 'plain' as const, icon: <EllipsisVIcon /> }
            : { variant: primary ? ('primary' as const) : ('secondary' as const) })}
        >
          {text}
        </MenuToggle>
      )}
    >
      <DropdownList>{open && actions().map(menuItem)}</DropdownList>
    </Dropdown>
  )
}

function menuItem(action: MenuAction) {
  const item = (
    <DropdownItem
      key={action.id}
      onClick={() => action.run()}
      isAriaDisabled={action.disabled !== undefined}
      isDanger={(action.danger ?? false) && action.disabled === undefined}
      {...(action.disabled === undefined ? {} : { description: action.disabled })}
    >
      {action.label}
    </DropdownItem>
  )
  return action.separated ? [<Divider key={`${action.id}-divider`} />, item] : item
}
