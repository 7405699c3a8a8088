import { describe, expect, test } from 'vitest'
import { createVirtualMachineSchema } from '@/contract/builders/create-virtual-machine-form'
import { defaultImages } from '@/contract/catalog/default-images'
import { choiceOf } from '../../catalog/use-catalog'
import { initialFormFor, initialFormForOwn, namePrefix } from './initial-form'

const place = { architecture: 'amd64', language: 'en', t: (key: string) => key }

describe('the form that is offered', () => {
  test.each(defaultImages.map((image) => [image.id, image] as const))('for %s can be sent as it is', (_id, image) => {
    const choice = choiceOf(image, place)
    const form = initialFormFor(choice, { namespace: 'default' })
    const { error } = createVirtualMachineSchema.safeParse(form)
    const problems = error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? []
    // Ignition knows keys only, and nobody but the person has theirs.
    expect(problems).toEqual(choice.seed === 'ignition' ? ['sshKeys sshKeys.needed'] : [])
  })

  test('has a password of its own each time, and the keys that the browser remembers', () => {
    const [image] = defaultImages
    if (!image) throw new Error('the catalog is empty')
    const offer = () => initialFormFor(choiceOf(image, place), { namespace: 'n', sshKeys: ['ssh-ed25519 A'] })
    expect(offer().password).not.toBe(offer().password)
    expect(offer().sshKeys).toEqual(['ssh-ed25519 A'])
  })

  test('for an empty disk can be sent too; an address and a disk to copy are left to the person', () => {
    const problemsOf = (id: string) =>
      createVirtualMachineSchema
        .safeParse(initialFormForOwn(id, { namespace: 'n' }))
        .error?.issues.map(({ path }) => path.join('.'))
    expect(problemsOf('blank')).toBeUndefined()
    expect(problemsOf('url')).toEqual(['source.url'])
    expect(problemsOf('claim')).toEqual(['source.namespace', 'source.name'])
    expect(initialFormForOwn('debian-12', { namespace: 'n' })).toBeUndefined()
  })

  test.each([
    ['debian-12', 'debian'],
    ['ubuntu-24-04', 'ubuntu'],
    ['chiave-demo', 'demo'],
    ['centos-stream-10', 'centos-stream'],
    ['', 'machine'],
  ])('the name for %j begins with %s', (image, prefix) => {
    expect(namePrefix(image)).toBe(prefix)
  })
})
