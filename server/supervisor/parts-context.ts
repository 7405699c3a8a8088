import type { Config } from '../config'
import type { Certificates } from '../home/certificates'
import type { Home } from '../home/home'
import type { Layout } from './layout'

/** What every part of an instance is started from. */
export interface PartsContext {
  config: Config
  home: Home
  layout: Layout
  /** The bundle that every process is a start of. */
  script: string
  importWorker: string
  version: string
  /** This instance's own, valid under `certificateHosts`; read or made when first asked for. */
  certificates(): Promise<Certificates>
  say(line: string): void
}
