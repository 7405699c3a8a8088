import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ReconcileObserver } from '../runtime/controller'

/** The operator's figures, named as controller-runtime names its own. */
export interface OperatorMetrics extends ReconcileObserver {
  registry: Registry
  leader: Gauge
  /** Whose queues are counted from now on. */
  follow(queues: (() => { name: string; length: number }[]) | undefined): void
}

export function createOperatorMetrics(version: string): OperatorMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  new Gauge({ name: 'chiave_build_info', help: 'The running version.', labelNames: ['version'], registers }).set(
    { version },
    1,
  )
  const leader = new Gauge({
    name: 'chiave_operator_leader',
    help: '1 while this replica leads.',
    registers,
  })
  const reconciles = new Counter({
    name: 'chiave_reconcile_total',
    help: 'Reconciles, by controller and outcome.',
    labelNames: ['controller', 'result'],
    registers,
  })
  const duration = new Histogram({
    name: 'chiave_reconcile_duration_seconds',
    help: 'How long a reconcile takes.',
    labelNames: ['controller'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers,
  })
  let queues: (() => { name: string; length: number }[]) | undefined
  new Gauge({
    name: 'chiave_workqueue_depth',
    help: 'Objects that wait to be worked on.',
    labelNames: ['controller'],
    registers,
    collect() {
      this.reset()
      for (const { name, length } of queues?.() ?? []) this.set({ controller: name }, length)
    },
  })
  return {
    registry,
    leader,
    reconciled({ controller, seconds, result }) {
      reconciles.inc({ controller, result })
      duration.observe({ controller }, seconds)
    },
    follow: (next) => {
      queues = next
    },
  }
}
