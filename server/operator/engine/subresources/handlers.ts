import { consoleHandlers } from './consoles'
import { expandHandlers } from './expand'
import { guestHandlers } from './guest'
import { portForwardHandlers } from './port-forward'
import { powerHandlers } from './power'
import { requestHandlers } from './requests'
import type { SubresourceHandler, SubresourceParts } from './subresource-handler'
import { volumeHandlers } from './volumes'

/** Every subresource of machines that this engine answers, for the API server to plug in. */
export function buildSubresourceHandlers(parts: SubresourceParts): SubresourceHandler[] {
  return [
    ...powerHandlers(parts),
    ...guestHandlers(parts),
    ...consoleHandlers(parts),
    ...portForwardHandlers(parts),
    ...volumeHandlers(parts),
    ...requestHandlers(parts),
    ...expandHandlers(parts),
  ]
}
