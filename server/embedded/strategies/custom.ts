import type { ResourceStrategy } from './strategy'

/** Custom resources: always a generation, never an update that does not say what it updates. */
export const customStrategy: ResourceStrategy = {
  generation: 'always',
  unconditionalUpdate: false,
  createOnUpdate: false,
}
