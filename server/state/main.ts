import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { defaultHome } from '../config'
import { openHome } from '../home/home'
import { lockInstance } from '../home/instance-lock'
import { StartError } from '../start-error'
import { rotateCertificates, rotateEncryptionKey } from './rotate'

/** `npm run state -- COMMAND`: what is done to a home while no Chiave runs on it. */
const commands = {
  'rotate-key': rotateEncryptionKey,
  'rotate-certificates': rotateCertificates,
} as const

const usage = `npm run state -- ${Object.keys(commands).join('|')} [--home DIR]`

async function main(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parse(argv)
  const [name = '', ...rest] = positionals
  if (!isCommand(name) || rest.length > 0) throw new StartError(`Usage: ${usage}`)
  const directory = path.resolve(values.home ?? process.env['CHIAVE_HOME'] ?? defaultHome(process.env))
  if (!fs.existsSync(path.join(directory, 'schema.json'))) {
    throw new StartError(`${directory} is no home of Chiave. Name the home: ${usage}`)
  }
  const home = openHome(directory, { asRoot: process.getuid?.() === 0 })
  fs.mkdirSync(home.file('run'), { recursive: true })
  const lock = await lockInstance(home.file('run', 'instance.sock'), async () => {
    throw new StartError(`This home is being changed by npm run state -- ${name}; try again when that has ended.`)
  })
  try {
    process.stdout.write(`${await commands[name](home)}\n`)
  } finally {
    lock.release()
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: { home: { type: 'string' } }, allowPositionals: true })
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)} Usage: ${usage}`)
  }
}

function isCommand(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof StartError ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  )
  process.exitCode = 1
})
