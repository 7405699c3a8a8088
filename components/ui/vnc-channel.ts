import type RFB from '@novnc/novnc'
import type { RawChannel } from '@novnc/novnc'
import type { AttachConsole } from './console-connection'

export interface VncAttachOptions {
  target: HTMLElement
  /** noVNC, which can only be loaded in a browser. */
  Client: typeof RFB
  /** Called with a client that is connected, and with undefined when it is no more. */
  onClient: (client: RFB | undefined) => void
}

/**
 * Hands a socket to noVNC once the server has spoken. noVNC reports a connection that ends before that as a failure of
 * its own on the browser's console; here it is the relay saying why there is no screen, which the page shows.
 */
export function attachVnc({ target, Client, onClient }: VncAttachOptions): AttachConsole {
  return (socket, opened) => {
    let client: RFB | undefined
    let connected = false
    let over = false

    const channel: RawChannel = {
      // noVNC's views are over ordinary buffers, never shared ones.
      send: (data) => socket.send(data as ArrayBuffer | ArrayBufferView<ArrayBuffer>),
      close: () => {
        socket.close(1000)
        queueMicrotask(() => channel.onclose?.({ code: 1000 }))
      },
      binaryType: 'arraybuffer',
      protocol: socket.protocol,
      readyState: 'open',
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
    }

    const start = () => {
      client = new Client(target, channel, { shared: true })
      client.background = 'transparent'
      client.addEventListener('connect', () => {
        connected = true
        onClient(client)
        opened()
      })
      client.addEventListener('disconnect', () => {
        over = true
        channel.readyState = 'closed'
        onClient(undefined)
      })
    }
    const onMessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      if (over || !(data instanceof ArrayBuffer)) return
      if (!client) start()
      channel.onmessage?.({ data })
    }
    socket.addEventListener('message', onMessage)

    return () => {
      socket.removeEventListener('message', onMessage)
      if (!client || over) return
      if (connected && socket.readyState >= WebSocket.CLOSING) {
        channel.readyState = 'closed'
        channel.onclose?.({ code: 1000 })
      } else {
        client.disconnect()
      }
    }
  }
}
