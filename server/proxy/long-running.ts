/** Subresources whose answers last as long as someone listens (pods, services, machines). */
const streamingSubresource =
  /\/(?:log|exec|attach|portforward|console|vnc|usbredir|vsock)(?:\?|$)|\/(?:portforward|proxy)(?:\/|\?|$)/
/** As apimachinery reads a flag: whatever is not `false` or `0`. */
const asksToFollow = /[?&](?:watch|follow)(?![^=&])(?!=(?:false|0)(?:&|$))/i
const oldWatch = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/watch\//

/** Whether a call's answer may take its time: a watch, a log that is followed, a service behind the API's proxy. */
export function isLongRunning(path: string): boolean {
  return (path.includes('?') && asksToFollow.test(path)) || streamingSubresource.test(path) || oldWatch.test(path)
}
