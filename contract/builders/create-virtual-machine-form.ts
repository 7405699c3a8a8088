import * as z from 'zod'
import { sshKeyProblem } from '../cloud-init/ssh-public-key'
import { dnsLabelProblem } from '../names'
import { binarySizePattern } from './sizes'

/**
 * The create form, one schema per step. Messages are codes (`name.characters`) which the page turns into sentences of
 * the person's language. Nothing is optional: an empty text means "none", so that fields are always there to be bound.
 */

const label = (code: string) =>
  z.string().superRefine((value, context) => {
    const problem = dnsLabelProblem(value)
    if (problem) context.addIssue({ code: 'custom', message: `${code}.${problem}` })
  })

const size = (code: string) => z.string().regex(binarySizePattern, `${code}.invalid`)

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

export const diskSourceSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('http'),
    url: z.string().refine(isHttpUrl, 'url.invalid'),
    /** `sha256:…` or `sha512:…` of the downloaded bytes; may be empty. */
    checksum: z
      .string()
      .regex(/^$|^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|sha1:[0-9a-f]{40}|md5:[0-9a-f]{32})$/, 'checksum.invalid'),
    /** Where the publisher lists the checksums of the file; may be empty. */
    checksumUrl: z.string().refine((text) => text === '' || isHttpUrl(text), 'url.invalid'),
    /** ConfigMap of the machine's namespace with certificates to trust; may be empty. */
    certConfigMap: z.string(),
  }),
  z.object({
    type: z.literal('clone'),
    namespace: z.string().min(1, 'claim.empty'),
    name: z.string().min(1, 'claim.empty'),
  }),
  z.object({ type: z.literal('blank') }),
])

export type DiskSource = z.infer<typeof diskSourceSchema>

export const imageStepSchema = z.object({
  /** The catalog image's id; empty when the disk is not from the catalog. */
  image: z.string(),
  source: diskSourceSchema,
  /** `default`: what the cluster gives to machines that do not say. */
  firmware: z.enum(['default', 'bios', 'efi']),
})

export const machineStepSchema = z.object({
  name: label('name'),
  namespace: label('namespace'),
  cpus: z.number({ error: 'cpus.invalid' }).int('cpus.invalid').min(1, 'cpus.invalid').max(256, 'cpus.invalid'),
  memory: size('memory'),
  diskSize: size('diskSize'),
  /** Whether it is to start as soon as its disk is there. */
  start: z.boolean(),
})

export const accessStepSchema = z.object({
  /** How the guest learns its name and log-in; `none`: it already knows, or it cannot be told. */
  seed: z.enum(['cloud-init', 'ignition', 'none']),
  user: z.string(),
  /** Empty: no password log-in. */
  password: z.string(),
  sshKeys: z.array(
    z.string().superRefine((value, context) => {
      const problem = sshKeyProblem(value)
      if (problem) context.addIssue({ code: 'custom', message: `sshKey.${problem}` })
    }),
  ),
})

type AccessStep = z.infer<typeof accessStepSchema>

function checkAccess(access: AccessStep, context: z.RefinementCtx): void {
  const problem = (path: keyof AccessStep, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message })
  if (access.seed === 'none') return
  // useradd's NAME_REGEX on Debian, which is the narrowest of the usual distributions.
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(access.user)) problem('user', 'user.invalid')
  if (access.seed === 'ignition') {
    if (access.password !== '') problem('password', 'password.unsupported')
    if (access.sshKeys.length === 0) problem('sshKeys', 'sshKeys.needed')
    return
  }
  if (access.password === '' && access.sshKeys.length === 0) problem('password', 'access.none')
  // A line break or another control character cannot be typed at a log-in prompt.
  if (/[\u0000-\u001f\u007f]/.test(access.password)) problem('password', 'password.invalid')
}

export const createVirtualMachineSchema = imageStepSchema
  .extend(machineStepSchema.shape)
  .extend(accessStepSchema.shape)
  .superRefine(checkAccess)

export type CreateVirtualMachineForm = z.infer<typeof createVirtualMachineSchema>

/** The form's top-level fields, and the inner ones of its source, as error paths name them. */
export type CreateField = keyof CreateVirtualMachineForm | 'source.url' | 'source.checksum' | 'source.name'
