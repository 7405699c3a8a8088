import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { defaultHome } from '../config'
import { type Home, openHome } from '../home/home'
import { lockInstance, lockSocket } from '../home/instance-lock'
import { explainStart, StartError } from '../start-error'
import { rotateCertificates, rotateClientCa, rotateEncryptionKey, rotateSigningKey, rotateTokens } from './rotate'

interface Command {
  /** Returns what to tell the person. */
  run(home: Home): string | Promise<string>
  /** May be done while Chiave runs, too. */
  anyTime?: boolean
}

/** `npm run state -- COMMAND`: what is done to a home, most of it while no Chiave runs on it. */
const commands: Readonly<Record<string, Command>> = {
  'rotate-key': { run: rotateEncryptionKey },
  'rotate-certificates': { run: rotateCertificates, anyTime: true },
  'rotate-signing-key': { run: rotateSigningKey },
  'rotate-client-ca': { run: rotateClientCa },
  'rotate-tokens': { run: rotateTokens },
}

const usage = `npm run state -- ${Object.keys(commands).join('|')} [--home DIR]`

async function main(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parse(argv)
  const [name = '', ...rest] = positionals
  if (name === 'help') return void process.stdout.write(`${usage}\n`)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command || rest.length > 0) throw new StartError(`Usage: ${usage}`)
  const directory = path.resolve(values.home ?? process.env['CHIAVE_HOME'] ?? defaultHome(process.env))
  if (!fs.existsSync(path.join(directory, 'schema.json'))) {
    throw new StartError(`${directory} is no home of Chiave. Name the home: ${usage}`)
  }
  const home = openHome(directory, { asRoot: process.getuid?.() === 0 })
  const release = command.anyTime ? () => undefined : await lock(home, name)
  try {
    process.stdout.write(`${await command.run(home)}\n`)
  } finally {
    release()
  }
}

async function lock(home: Home, name: string): Promise<() => void> {
  home.directory({ path: home.file('run'), mode: home.uids ? 0o711 : 0o700 })
  const { release } = await lockInstance(lockSocket(home), async () => {
    throw new StartError(`This home is being changed by npm run state -- ${name}; try again when that has ended.`)
  })
  return release
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: { home: { type: 'string' } }, allowPositionals: true })
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)} Usage: ${usage}`)
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const explained = explainStart(error)
  process.stderr.write(
    `${explained instanceof StartError ? explained.message : (explained.stack ?? explained.message)}\n`,
  )
  process.exitCode = 1
})
