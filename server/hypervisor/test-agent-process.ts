import { pino } from 'pino'
import { type AgentOptions, startAgent } from './agent'

/** For tests: an agent in a process of its own, to be killed. Its options come as JSON in the first argument. */
const options = JSON.parse(process.argv[2] ?? '{}') as Omit<AgentOptions, 'log' | 'signal'>
await startAgent({ ...options, log: pino({ level: 'warn' }, process.stderr), signal: new AbortController().signal })
process.stdout.write('serving\n')
