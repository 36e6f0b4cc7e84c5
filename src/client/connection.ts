// A connection as this client uses one: the part of net.Socket that every runtime can give.

export interface Connection {
  readonly destroyed: boolean;
  /** The other side has sent its last. */
  readonly readableEnded: boolean;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end' | 'close' | 'drain', listener: () => void): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'end' | 'close' | 'drain', listener: () => void): unknown;
  /** False when it is better to wait for `drain`. */
  write(data: string | Uint8Array): boolean;
  /** Half-close: no more is sent. */
  end(): unknown;
  destroy(error?: Error): unknown;
  pause(): unknown;
  resume(): unknown;
  isPaused(): boolean;
  ref(): unknown;
  unref(): unknown;
}
