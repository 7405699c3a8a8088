import enAccess from './en/access.json'
import enActivity from './en/activity.json'
import enCatalog from './en/catalog.json'
import enConnection from './en/connection.json'
import enConsole from './en/console.json'
import enCreate from './en/create.json'
import enErrors from './en/errors.json'
import enHosts from './en/hosts.json'
import enMachine from './en/machine.json'
import enNetworks from './en/networks.json'
import enObjects from './en/objects.json'
import enOverview from './en/overview.json'
import enPlatform from './en/platform.json'
import enProfile from './en/profile.json'
import enShell from './en/shell.json'
import enSignIn from './en/sign-in.json'
import enStorage from './en/storage.json'
import enUi from './en/ui.json'
import enUsers from './en/users.json'
import enMachines from './en/virtual-machines.json'
import itAccess from './it/access.json'
import itActivity from './it/activity.json'
import itCatalog from './it/catalog.json'
import itConnection from './it/connection.json'
import itConsole from './it/console.json'
import itCreate from './it/create.json'
import itErrors from './it/errors.json'
import itHosts from './it/hosts.json'
import itMachine from './it/machine.json'
import itNetworks from './it/networks.json'
import itObjects from './it/objects.json'
import itOverview from './it/overview.json'
import itPlatform from './it/platform.json'
import itProfile from './it/profile.json'
import itShell from './it/shell.json'
import itSignIn from './it/sign-in.json'
import itStorage from './it/storage.json'
import itUi from './it/ui.json'
import itUsers from './it/users.json'
import itMachines from './it/virtual-machines.json'

/** One file per area and language; the area is the first part of a key. A new area adds its two files here. */
const en = {
  access: enAccess,
  activity: enActivity,
  catalog: enCatalog,
  connection: enConnection,
  console: enConsole,
  create: enCreate,
  machine: enMachine,
  objects: enObjects,
  errors: enErrors,
  hosts: enHosts,
  networks: enNetworks,
  overview: enOverview,
  platform: enPlatform,
  profile: enProfile,
  shell: enShell,
  signIn: enSignIn,
  storage: enStorage,
  ui: enUi,
  users: enUsers,
  machines: enMachines,
}

const it: Same<typeof en> = {
  access: itAccess,
  activity: itActivity,
  catalog: itCatalog,
  connection: itConnection,
  console: itConsole,
  create: itCreate,
  machine: itMachine,
  objects: itObjects,
  errors: itErrors,
  hosts: itHosts,
  networks: itNetworks,
  overview: itOverview,
  platform: itPlatform,
  profile: itProfile,
  shell: itShell,
  signIn: itSignIn,
  storage: itStorage,
  ui: itUi,
  users: itUsers,
  machines: itMachines,
}

export const catalogue = { en, it }
export type Catalogue = typeof en

/** The same keys with other words. */
type Same<T> = { [K in keyof T]: T[K] extends string ? string : Same<T[K]> }

/** `area.key`; of plural forms (`count_one`, `count_other`) the part before the underscore. */
export type MessageKey = Keys<Catalogue>

type Keys<T> = {
  [K in keyof T & string]: T[K] extends string ? Stem<K> : `${K}.${Keys<T[K]>}`
}[keyof T & string]

type Stem<K extends string> = K extends `${infer S}_${'one' | 'other' | 'many'}` ? S : K
