'use client'

import {
  CentosIcon,
  CubeIcon,
  FedoraIcon,
  FreebsdIcon,
  KeyIcon,
  LinuxIcon,
  RedhatIcon,
  SuseIcon,
  UbuntuIcon,
  WindowsIcon,
} from '@patternfly/react-icons'
import type { ComponentType } from 'react'

const marks: Record<string, ComponentType> = {
  chiave: KeyIcon,
  centos: CentosIcon,
  fedora: FedoraIcon,
  freebsd: FreebsdIcon,
  linux: LinuxIcon,
  redhat: RedhatIcon,
  rhel: RedhatIcon,
  suse: SuseIcon,
  opensuse: SuseIcon,
  ubuntu: UbuntuIcon,
  windows: WindowsIcon,
}

/** The mark of an operating system's family; a cube for what is not known. */
export function ImageMark({ family }: { family: string }) {
  const Mark = marks[family] ?? (family === '' ? CubeIcon : LinuxIcon)
  return <Mark />
}
