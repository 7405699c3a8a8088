/** The part of noVNC 1.7 that we use (its docs/API.md); the published types describe an older entry point. */
declare module '@novnc/novnc' {
  export interface RawChannel {
    send(data: ArrayBuffer | ArrayBufferView): void
    close(): void
    binaryType: string
    protocol: string
    readyState: string | number
    onopen: (() => void) | null
    onmessage: ((event: { data: ArrayBuffer }) => void) | null
    onclose: ((event: { code?: number; reason?: string }) => void) | null
    onerror: ((event: unknown) => void) | null
  }

  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: RawChannel | WebSocket | string, options?: { shared?: boolean })
    viewOnly: boolean
    scaleViewport: boolean
    clipViewport: boolean
    dragViewport: boolean
    resizeSession: boolean
    focusOnClick: boolean
    background: string
    disconnect(): void
    focus(options?: FocusOptions): void
    blur(): void
    sendCtrlAltDel(): void
    sendKey(keysym: number, code: string | null, down?: boolean): void
    clipboardPasteFrom(text: string): void
    toBlob(callback: (blob: Blob | null) => void, type?: string): void
  }
}
