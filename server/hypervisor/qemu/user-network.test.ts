import { expect, test } from 'vitest'
import { readUserNetwork } from './user-network'

test('forwards and connections are read from the monitor’s table, whatever else it holds', () => {
  const text = [
    'Hub -1 (net0):',
    '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
    '  TCP[SYN_SENT]      13      127.42.0.1 38217       10.42.1.5    22     0     0',
    '  TCP[HOST_FORWARD]  11      127.42.0.1 38217       10.42.1.5    22     0     0',
    '  UDP[236 sec]       14               * 38217       10.42.0.2    53     0     0',
    '  ICMP[20 sec]       15       10.42.1.5     -        10.42.0.1     -     0     0',
    '',
  ].join('\r\n')
  expect(readUserNetwork(text)).toEqual([
    { protocol: 'tcp', state: 'SYN_SENT', address: '127.42.0.1', port: 38_217 },
    { protocol: 'tcp', state: 'HOST_FORWARD', address: '127.42.0.1', port: 38_217 },
    { protocol: 'udp', state: '236 sec', address: '*', port: 38_217 },
  ])
  expect(readUserNetwork('')).toEqual([])
})
