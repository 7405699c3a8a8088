import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildCloudConfig, readCloudConfig } from './cloud-config'
import { buildIgnition, readIgnition } from './ignition'
import { generatePassword } from './password'
import { readSshPublicKey, sshKeyProblem } from './ssh-public-key'

const ed25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEbKxF+C7dRr3gp1cLeD2dTQ0Jx2yXgmC0kkAuUG6J5m ada@desk'

describe('cloud-config', () => {
  test('has the plain shape that small guests read', () => {
    expect(
      buildCloudConfig({ hostname: 'web-01', user: 'chiave', password: 'k7mxq-3dvp9-wfh2t', sshKeys: [ed25519] }),
    ).toBe(
      `#cloud-config
hostname: web-01
user: chiave
password: k7mxq-3dvp9-wfh2t
chpasswd: { expire: false }
ssh_pwauth: true
ssh_authorized_keys:
  - ${ed25519}
`,
    )
  })

  test('without a password says nothing of passwords', () => {
    const text = buildCloudConfig({ hostname: 'a', user: 'b', sshKeys: [ed25519] })
    expect(text).not.toMatch(/passw/)
  })

  test('whatever people type comes back as typed', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(fc.string({ minLength: 1 })), (password, sshKeys) => {
        const access = { hostname: 'a', user: 'b', password, sshKeys }
        expect(readCloudConfig(buildCloudConfig(access))).toEqual(access)
      }),
    )
  })

  test.each(['', '#!/bin/sh\nreboot', '#cloud-config\n- a', '#cloud-config\n{'])('%j is none', (text) => {
    expect(readCloudConfig(text)).toBeUndefined()
  })
})

describe('Ignition', () => {
  test('comes back as written', () => {
    const access = { hostname: 'core-1', user: 'core', sshKeys: [ed25519] }
    expect(readIgnition(buildIgnition(access))).toEqual(access)
    expect(JSON.parse(buildIgnition(access))).toMatchObject({ ignition: { version: '3.3.0' } })
  })

  test.each(['', '{}', '#cloud-config'])('%j is none', (text) => {
    expect(readIgnition(text)).toBeUndefined()
  })
})

describe('generated passwords', () => {
  test('are three readable groups, never the same twice', () => {
    const passwords = new Set(Array.from({ length: 200 }, () => generatePassword()))
    expect(passwords.size).toBe(200)
    for (const password of passwords) expect(password).toMatch(/^([a-hjkmnp-z2-9]{5}-){2}[a-hjkmnp-z2-9]{5}$/)
  })

  test('do not prefer letters: bytes outside whole multiples of the alphabet are thrown away', () => {
    let call = 0
    const password = generatePassword((target) => target.fill(call++ === 0 ? 255 : 0))
    expect(password).toBe('aaaaa-aaaaa-aaaaa')
    expect(call).toBe(2)
  })
})

describe('SSH public keys', () => {
  test.each(['ed25519', 'rsa', 'ecdsa'])('accepts what ssh-keygen -t %s writes', (type) => {
    const folder = mkdtempSync(join(tmpdir(), 'chiave-key-'))
    try {
      try {
        execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'ada@desk', '-f', join(folder, 'key')])
      } catch (error) {
        // Without ssh-keygen on this host the fixed keys below have to do.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
        throw error
      }
      const text = readFileSync(join(folder, 'key.pub'), 'utf8')
      expect(readSshPublicKey(text)).toMatchObject({ comment: 'ada@desk' })
      expect(sshKeyProblem(readFileSync(join(folder, 'key'), 'utf8'))).toBe('private-key')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test.each([
    [ed25519, undefined],
    [`  ${ed25519}\n`, undefined],
    [ed25519.split(' ').slice(0, 2).join(' '), undefined],
    ['', 'empty'],
    [`${ed25519}\n${ed25519}`, 'several'],
    ['ssh-dss AAAA', 'unsupported'],
    ['hello', 'unsupported'],
    [ed25519.replace('ed25519', 'rsa'), 'damaged'],
    [ed25519.replace('G6J5m', ''), 'damaged'],
    ['ssh-ed25519 !!!!', 'damaged'],
    ['ssh-ed25519', 'damaged'],
  ])('says of %j: %s', (text, problem) => {
    expect(sshKeyProblem(text)).toBe(problem)
  })
})
