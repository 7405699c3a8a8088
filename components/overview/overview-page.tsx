'use client'

import { Grid, GridItem, PageSection, Stack, StackItem } from '@patternfly/react-core'
import { EmulationNotice } from '../hosts/emulation-notice'
import { useT } from '../i18n/use-t'
import { PageHeader } from '../ui/page-header'
import { CreateMachineButton } from '../virtual-machine/create-machine-button'
import { CapacityCard } from './capacity-card'
import { ImportsCard } from './imports-card'
import { MachinesCard } from './machines-card'
import { RecentEventsCard } from './recent-events-card'

/** The first page: how the cluster is doing, at a glance and live. */
export function OverviewPage() {
  const t = useT()
  return (
    <>
      <PageHeader title={t('shell.page.overview')} actions={<CreateMachineButton />} />
      <PageSection hasBodyWrapper={false} isFilled>
        <Stack hasGutter>
          <StackItem>
            <EmulationNotice />
          </StackItem>
          <StackItem>
            <Grid hasGutter>
              <GridItem md={6} xl={7}>
                <MachinesCard />
              </GridItem>
              <GridItem md={6} xl={5}>
                <CapacityCard />
              </GridItem>
              <GridItem md={12} xl={7}>
                <RecentEventsCard />
              </GridItem>
              <GridItem md={12} xl={5}>
                <ImportsCard />
              </GridItem>
            </Grid>
          </StackItem>
        </Stack>
      </PageSection>
    </>
  )
}
