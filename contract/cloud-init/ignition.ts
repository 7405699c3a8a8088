import * as z from 'zod'
import type { GuestAccess } from './cloud-config'

/**
 * Ignition configuration (spec 3.3.0) for operating systems that know no cloud-init. A password would have to be hashed
 * for it, so machines of this sort are reached with SSH keys only.
 */
export function buildIgnition({ hostname, user, sshKeys }: Omit<GuestAccess, 'password'>): string {
  return JSON.stringify(
    {
      ignition: { version: '3.3.0' },
      passwd: { users: [{ name: user, sshAuthorizedKeys: [...sshKeys] }] },
      storage: {
        files: [
          {
            path: '/etc/hostname',
            mode: 0o644,
            overwrite: true,
            contents: { source: `data:,${encodeURIComponent(hostname)}` },
          },
        ],
      },
    },
    null,
    2,
  )
}

const ignitionSchema = z.looseObject({
  ignition: z.looseObject({ version: z.string() }),
  passwd: z
    .looseObject({
      users: z.array(z.looseObject({ name: z.string(), sshAuthorizedKeys: z.array(z.string()).optional() })).optional(),
    })
    .optional(),
  storage: z
    .looseObject({
      files: z
        .array(
          z.looseObject({ path: z.string(), contents: z.looseObject({ source: z.string().optional() }).optional() }),
        )
        .optional(),
    })
    .optional(),
})

/** Reads what `buildIgnition` wrote; undefined when it is no Ignition configuration. */
export function readIgnition(text: string): GuestAccess | undefined {
  const parsed = ignitionSchema.safeParse(parseJson(text))
  if (!parsed.success) return undefined
  const user = parsed.data.passwd?.users?.[0]
  const source = parsed.data.storage?.files?.find((file) => file.path === '/etc/hostname')?.contents?.source ?? ''
  return {
    hostname: source.startsWith('data:,') ? decodeURIComponent(source.slice('data:,'.length)) : '',
    user: user?.name ?? '',
    sshKeys: user?.sshAuthorizedKeys ?? [],
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON, hence not Ignition: the schema says so.
    return undefined
  }
}
