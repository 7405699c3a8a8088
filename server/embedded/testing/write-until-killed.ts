import { configMap, configMaps, startTestServer } from './start-test-server'

/** A server of its own process whose clients write without pause; says on stdout what was acknowledged. */
const [directory, clients] = process.argv.slice(2)
const server = await startTestServer({ directory: directory ?? '' })
process.stdout.write('ready\n')
await Promise.all(
  Array.from({ length: Number(clients) }, async (_, client) => {
    for (let number = 0; ; number++) {
      const name = `c${client}-${number}`
      const created = await server.call('POST', configMaps, { body: configMap(name) })
      if (created.status !== 201) throw new Error(created.text)
      process.stdout.write(`created ${name} ${created.json.metadata['uid']}\n`)
      if (number % 3 !== 0) continue
      await server.call('DELETE', `${configMaps}/${name}`)
      process.stdout.write(`deleted ${name}\n`)
    }
  }),
)
