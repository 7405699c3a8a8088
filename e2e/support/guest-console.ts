import WebSocket from 'ws'
import { readKubeconfig } from './kubectl'

export interface GuestConsole {
  /** Waits until the guest has printed what matches, from the last match on. */
  expect(pattern: RegExp, seconds?: number): Promise<string>
  type(text: string): void
  /** Logs in and leaves a prompt. */
  login(user: string, password: string): Promise<void>
  /** Runs a command at the prompt and returns what it printed. */
  run(command: string): Promise<string>
  close(): void
}

/** The serial console over the API's own subresource, as `virtctl console` opens it. */
export async function openGuestConsole(kubeconfig: string, namespace: string, name: string): Promise<GuestConsole> {
  const { server, ca, token } = readKubeconfig(kubeconfig)
  const url = `${server.replace('https', 'wss')}/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}/console`
  const socket = new WebSocket(url, ['plain.kubevirt.io'], { ca, headers: { authorization: `Bearer ${token}` } })
  let seen = ''
  socket.on('message', (data: Buffer) => (seen += data.toString()))
  await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject))
  let counter = 0
  const console: GuestConsole = {
    expect: async (pattern, seconds = 90) => {
      const deadline = Date.now() + seconds * 1_000
      while (Date.now() < deadline) {
        const match = pattern.exec(seen)
        if (match) {
          seen = seen.slice(match.index + match[0].length)
          return match[0]
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`the guest did not print ${pattern} in ${seconds} s; it printed: ${seen.slice(-1_500)}`)
    },
    type: (text) => socket.send(Buffer.from(text)),
    login: async (user, password) => {
      console.type('\r')
      await console.expect(/login: $/)
      console.type(`${user}\r`)
      await console.expect(/[Pp]assword: ?$/)
      console.type(`${password}\r`)
      // The shell asks the terminal where the cursor is before it waits for input.
      await console.expect(/[$#] (\u001b\[6n)?$/)
    },
    run: async (command) => {
      const mark = `mark${++counter}`
      // The quotes keep the echoed command line itself from matching.
      console.type(`${command}; echo "${mark}""-done"\r`)
      await console.expect(/-done"\r?\n?/)
      const answer = await console.expect(new RegExp(`[\\s\\S]*?${mark}-done`))
      return answer
        .replace(`${mark}-done`, '')
        .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
        .trim()
    },
    close: () => socket.close(),
  }
  return console
}
