import { consoleHandlers } from './consoles'
import { guestHandlers } from './guest'
import { powerHandlers } from './power'
import type { SubresourceHandler, SubresourceParts } from './subresource-handler'

/** Every subresource of machines that this engine answers, for the API server to plug in. */
export function buildSubresourceHandlers(parts: SubresourceParts): SubresourceHandler[] {
  return [...powerHandlers(parts), ...guestHandlers(parts), ...consoleHandlers(parts)]
}
