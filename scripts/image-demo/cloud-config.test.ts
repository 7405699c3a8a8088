import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let out: string

beforeEach(() => {
  out = fs.mkdtempSync(path.join(os.tmpdir(), 'chiave-seed-'))
})

afterEach(() => {
  fs.rmSync(out, { recursive: true, force: true })
})

function read(config: string): void {
  const script = path.join(import.meta.dirname, 'rootfs/usr/lib/chiave/cloud-config.awk')
  execFileSync('awk', ['-v', `out=${out}`, '-f', script], { input: `#cloud-config\n${config}` })
}

const value = (file: string) => fs.readFileSync(path.join(out, file), 'utf8').trimEnd()

describe('the demo guest reads of cloud-config', () => {
  it('names and passwords, quoted or not', () => {
    read("hostname: my-box\nuser: \"tester\"\npassword: 'it''s, mine'\nchpasswd: {expire: false}\n")
    expect([value('hostname'), value('user'), value('password')]).toEqual(['my-box', 'tester', "it's, mine"])
  })

  it('keys, indented or flush with their name', () => {
    read('ssh_authorized_keys:\n- ssh-ed25519 AAAA a@b\n- "ssh-rsa BBBB c"\nuser: x\n')
    expect(value('ssh_authorized_keys')).toBe('ssh-ed25519 AAAA a@b\nssh-rsa BBBB c')
  })

  it('users with keys of their own', () => {
    read(
      'users:\n  - default\n  - name: bob\n    plain_text_passwd: pw\n    ssh_authorized_keys:\n      - ssh-ed25519 CCCC\n',
    )
    expect([value('users/1/name'), value('users/2/name'), value('users/2/plain_text_passwd')]).toEqual([
      'default',
      'bob',
      'pw',
    ])
    expect(value('users/2/ssh_authorized_keys')).toBe('ssh-ed25519 CCCC')
  })

  it('commands as lines, as words and as blocks', () => {
    read(
      'runcmd:\n  - echo hi\n  - [ sh, -c, "echo \'a b\', c" ]\n  - |\n    if true; then\n      echo block\n    fi\n',
    )
    const printed = execFileSync('sh', [path.join(out, 'runcmd.sh')], { encoding: 'utf8' })
    expect(printed).toBe('hi\na b, c\nblock\n')
  })

  it('files with their content as it stands', () => {
    read("write_files:\n- path: /etc/hello\n  permissions: '0644'\n  content: |\n    one\n      two\n    three\n")
    expect(value('write_files/1/content')).toBe('one\n  two\nthree')
    expect([value('write_files/1/path'), value('write_files/1/permissions')]).toEqual(['/etc/hello', '0644'])
  })
})
