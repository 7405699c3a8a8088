import { expect, it } from 'vitest'
import { HypervisorError } from './hypervisor-port'
import { whenAvailable } from './when-available'

const away = () => Promise.reject(new HypervisorError('Unavailable', 'away'))

it('calls again until the agent answers', async () => {
  let calls = 0
  const answer = await whenAvailable(() => (++calls < 3 ? away() : Promise.resolve('here')), { patience: 5_000 })
  expect({ answer, calls }).toEqual({ answer: 'here', calls: 3 })
})

it('gives up at the end of its patience, at the signal, and at once for any other error', async () => {
  await expect(whenAvailable(away, { patience: 120 })).rejects.toThrow('away')
  await expect(whenAvailable(away, { patience: 60_000, signal: AbortSignal.timeout(50) })).rejects.toThrow('away')
  const invalid = () => Promise.reject(new HypervisorError('Invalid', 'no'))
  await expect(whenAvailable(invalid, { patience: 60_000 })).rejects.toThrow('no')
})
