'use client'

import { Breadcrumb, BreadcrumbItem, Content, Flex, FlexItem, PageSection, Title } from '@patternfly/react-core'
import Link from 'next/link'
import { type ReactNode, useEffect } from 'react'

export interface PageHeaderProps {
  title: string
  description?: ReactNode
  /** Beside the title: a status. */
  badge?: ReactNode
  /** At the right: buttons. */
  actions?: ReactNode
  /** From the top of the console to the parent of this page. */
  trail?: readonly { label: string; href: string }[]
  /** Below the title, inside the header: tabs. */
  children?: ReactNode
}

/** The head of every page; also names the browser tab. */
export function PageHeader({ title, description, badge, actions, trail, children }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${title} · Chiave`
  }, [title])
  return (
    <PageSection hasBodyWrapper={false}>
      {trail !== undefined && (
        <Breadcrumb>
          {trail.map(({ label, href }) => (
            <BreadcrumbItem
              key={href}
              render={({ className }) => (
                <Link className={className} href={href}>
                  {label}
                </Link>
              )}
            />
          ))}
          <BreadcrumbItem isActive>{title}</BreadcrumbItem>
        </Breadcrumb>
      )}
      <Flex justifyContent={{ default: 'justifyContentSpaceBetween' }} alignItems={{ default: 'alignItemsCenter' }}>
        <FlexItem>
          <Flex alignItems={{ default: 'alignItemsCenter' }} spaceItems={{ default: 'spaceItemsMd' }}>
            <Title headingLevel="h1" style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Title>
            {badge}
          </Flex>
          {description !== undefined && <Content component="p">{description}</Content>}
        </FlexItem>
        {actions !== undefined && <FlexItem>{actions}</FlexItem>}
      </Flex>
      {children}
    </PageSection>
  )
}
