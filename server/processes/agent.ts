import { startAgent } from '../hypervisor/agent'
import { isAlive } from '../operator/engine/virtual-machine-instance/observed'
import type { AgentConfig } from '../supervisor/process-config'
import type { ChildContext, Running } from './child'

/** The node agent: the hypervisor of one node, the only process that keeps privileges. */
export async function startAgentProcess(config: AgentConfig, { log, signal }: ChildContext): Promise<Running> {
  const agent = await startAgent({
    instanceId: config.instanceId,
    nodeName: config.nodeName,
    nodeDirectory: config.nodeDirectory,
    socketPath: config.socketPath,
    ...(config.socketOwner === undefined ? {} : { socketOwner: { uid: config.socketOwner, gid: config.socketOwner } }),
    ...(config.guestUids === undefined ? {} : { guestUids: config.guestUids }),
    ...(config.importerUid === undefined ? {} : { importerUid: config.importerUid }),
    importWorkerCommand: [process.execPath, config.importWorker],
    importDeny: config.importDeny,
    log,
    signal,
  })
  return {
    close: async () => {
      const machines = await agent.hypervisor.machines()
      await agent.close()
      // Rules and groups that hold guests are of no use without one; the next start makes them again.
      if (machines.some(isAlive)) return
      await agent
        .removeHostFootprint()
        .catch((error: unknown) => log.warn({ err: error }, 'something stays on the host'))
    },
  }
}
