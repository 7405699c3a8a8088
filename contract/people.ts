import { z } from 'zod'

/** How people sign in, and what they and administrators of the console may ask of `/auth/…`. Refusals are Statuses. */

/** One way of signing in that this console offers: `GET /auth/methods`. */
export type SignInMethod =
  | { type: 'link' }
  | { type: 'password' }
  | { type: 'token' }
  /** `GET /auth/oidc/<id>/start?return=<path>` begins it. */
  | { type: 'oidc'; id: string; displayName: string }
  /** A reverse proxy in front names the person; `POST /auth/proxy` makes a session of it. */
  | { type: 'proxy' }

export interface SignInMethods {
  methods: SignInMethod[]
}

/** How a session came about. */
export type SignInSource = 'link' | 'password' | 'token' | 'oidc' | 'proxy'

/** Reasons in `details.causes[].reason` of refusals below `/auth` and of every 401. */
export const signInReasons = {
  /** The password was right; a code of the second factor, or a recovery code, is wanted with it. */
  codeRequired: 'CodeRequired',
  /** The password must be changed before anything else. */
  passwordChangeRequired: 'PasswordChangeRequired',
  /** The session ended by itself. */
  expired: 'SessionExpired',
  /** The person or an administrator ended the session elsewhere, or the account changed. */
  revoked: 'SessionRevoked',
  /** The identity provider no longer vouches for the person. */
  providerEnded: 'ProviderSessionEnded',
  signedOut: 'SignedOut',
} as const

/** `POST /auth/password` */
export const passwordSignIn = z.strictObject({
  username: z.string().min(1).max(256),
  password: z.string().min(1).max(1024),
  /** Six digits, or a recovery code. */
  code: z.string().min(1).max(64).optional(),
})
export type PasswordSignIn = z.infer<typeof passwordSignIn>

/** `POST /auth/token` */
export const tokenSignIn = z.strictObject({
  token: z.string().min(1).max(16_384),
  /** The only cluster to be shown the token; otherwise they are asked in turn until one knows it. */
  cluster: z.string().optional(),
})
export type TokenSignIn = z.infer<typeof tokenSignIn>

/** What every way of signing in by a call answers with. */
export interface SignInResult {
  user: string
  /** Where to go first is the password's page. */
  mustChangePassword: boolean
}

/** `POST /auth/logout` */
export interface SignOutResult {
  /** The identity provider's own sign-out, to be opened by the page. */
  redirect?: string
}

/** `GET /auth/sessions` → `{ sessions }`, the newest first. `DELETE /auth/sessions/<id>`, `DELETE /auth/sessions` (all others). */
export interface PersonSession {
  id: string
  /** Whether it is the session that asks. */
  current: boolean
  source: SignInSource
  /** RFC 3339 */
  createdAt: string
  lastSeenAt: string
  expiresAt: string
  address: string
  userAgent: string
}

/** `GET /auth/api-tokens` → `{ tokens }`. `DELETE /auth/api-tokens/<id>` */
export interface PersonApiToken {
  id: string
  name: string
  readOnly: boolean
  /** RFC 3339 */
  createdAt: string
  expiresAt: string
  /** To the minute; absent until the first use. */
  lastUsedAt?: string
}

export const longestApiTokenDays = 365

/** `POST /auth/api-tokens` */
export const apiTokenRequest = z.strictObject({
  name: z.string().trim().min(1).max(64),
  expiresInDays: z.number().int().min(1).max(longestApiTokenDays),
  readOnly: z.boolean(),
})
export type ApiTokenRequest = z.infer<typeof apiTokenRequest>

/** The only time that the secret is shown: `Authorization: Bearer chiave_…` at `/k8s/<cluster>/…`. */
export interface CreatedApiToken extends PersonApiToken {
  secret: string
}

const clusterName = z.string().regex(/^[A-Za-z0-9][\w.-]{0,126}$/)

/** `GET|PUT /auth/profile`: what a person keeps in the console. */
export const profileSchema = z.strictObject({
  sshKeys: z
    .array(z.strictObject({ name: z.string().trim().min(1).max(64), key: z.string().trim().min(1).max(16_384) }))
    .max(50)
    .default([]),
  language: z.enum(['en', 'it']).optional(),
  theme: z.enum(['system', 'light', 'dark']).optional(),
  /** The namespaces a person works in, by cluster. */
  namespaces: z.record(clusterName, z.array(z.string().min(1).max(63)).max(500)).default({}),
  /** Whether the person looks only, by cluster; absent: as the connection has it. */
  readOnly: z.record(clusterName, z.boolean()).default({}),
})
export type Profile = z.infer<typeof profileSchema>

export const shortestPassword = 10

/** `POST /auth/profile/password` */
export const passwordChange = z.strictObject({
  current: z.string().min(1).max(1024),
  next: z.string().min(1).max(1024),
})
export type PasswordChange = z.infer<typeof passwordChange>

/** `POST /auth/profile/totp`: a new second factor, in force once `PUT /auth/profile/totp` had a code of it. */
export interface TotpEnrolment {
  /** Base32 */
  secret: string
  /** `otpauth://totp/…` */
  uri: string
}

/** `PUT /auth/profile/totp` */
export const totpConfirmation = z.strictObject({ code: z.string().min(1).max(64) })

/** `DELETE /auth/profile/totp` */
export const totpRemoval = z.strictObject({ password: z.string().min(1).max(1024) })

/** Each signs in once in place of a code; shown once. */
export interface RecoveryCodes {
  recoveryCodes: string[]
}

/** `GET /auth/profile/security`: what a person can set about their own sign-in. */
export interface PersonSecurity {
  /** Whether the person has a password here, which is a local user's alone. */
  password: boolean
  totp: boolean
  recoveryCodesLeft: number
}

/** A DNS label (RFC 1123), as a name that RBAC's subjects, labels and files can all carry. */
export const localUserName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'a name has small letters, digits and hyphens, at most 63')

/** Groups are the cluster's RBAC subjects; `system:` is Kubernetes' own. */
export const localGroupName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:/@-]{0,126}$/, 'a group has letters, digits and . : / @ _ -, at most 127')
  .refine((name) => !name.startsWith('system:'), 'groups of system: are the cluster’s own')

/** `GET /auth/users` → `{ users }` */
export interface LocalUser {
  name: string
  displayName: string
  administrator: boolean
  groups: string[]
  disabled: boolean
  mustChangePassword: boolean
  totp: boolean
  /** RFC 3339 */
  createdAt: string
  lastSignInAt?: string
  /** Too many wrong passwords: no attempt counts before this. RFC 3339 */
  lockedUntil?: string
  sessions: number
}

/** `POST /auth/users` */
export const localUserRequest = z.strictObject({
  name: localUserName,
  displayName: z.string().trim().max(128).default(''),
  password: z.string().min(1).max(1024),
  administrator: z.boolean().default(false),
  groups: z.array(localGroupName).max(100).default([]),
  mustChangePassword: z.boolean().default(true),
})
export type LocalUserRequest = z.input<typeof localUserRequest>

/** `PATCH /auth/users/<name>`; what is left out stays. `DELETE /auth/users/<name>` */
export const localUserChange = z.strictObject({
  displayName: z.string().trim().max(128).optional(),
  password: z.string().min(1).max(1024).optional(),
  administrator: z.boolean().optional(),
  groups: z.array(localGroupName).max(100).optional(),
  disabled: z.boolean().optional(),
  mustChangePassword: z.boolean().optional(),
  /** `false` takes a lost second factor away. */
  totp: z.literal(false).optional(),
  /** Forgets wrong passwords. */
  unlock: z.literal(true).optional(),
  endSessions: z.literal(true).optional(),
})
export type LocalUserChange = z.infer<typeof localUserChange>
