// What a handler gets and gives: the HTTP details (framing, upgrade, version prefix) are the server's.
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Query, RouteId } from '../spec/docker/index.ts';

/** The minor of the API version asked for: 41 for v1.41. */
export type ApiMinor = number;

export interface ApiRequest<Id extends RouteId = RouteId> {
  /** Path parameters, percent-decoded: `{id}`, `{name}` … */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query<Id>;
  readonly minor: ApiMinor;
  /** From `?` on, as it came; empty without. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** The raw body, for tar uploads. */
  readonly body: Readable;
  /** The body as JSON, keys matched without regard to case as Go does; undefined when the body is empty. Size-capped. */
  json(): Promise<unknown>;
}

/** A body that is written piece by piece, each `write` waiting while the client is slow; it fails when the client is gone. */
export interface StreamBody {
  /** Resolves when more can be taken; throws when the client is gone. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** As `write`; resolves when the kernel has all of the chunk, which may then be used for something else. */
  flush(chunk: Uint8Array): Promise<void>;
  end(): void;
}

export interface ApiResponse {
  /** Adds a header to whatever is sent next. */
  header(name: string, value: string): void;
  json(value: unknown, status?: number): void;
  empty(status: number): void;
  text(value: string, status?: number): void;
  /** Status and headers are sent at once, before the first write. */
  stream(contentType: string, status?: number): StreamBody;
  /** Takes the connection over: 101 UPGRADED when the client asked for an upgrade, else 200 and always called a raw stream. */
  hijack(contentType: string): Duplex;
  /** Takes the connection over for another protocol. Throws invalid when the client did not ask for that one. */
  upgrade(protocol: string): Duplex;
  /** Takes the connection over as a web socket, and gives the bytes inside its frames. Throws invalid when the client did not ask for one. */
  webSocket(): Duplex;
}

export type Handler<Id extends RouteId> = (request: ApiRequest<Id>, response: ApiResponse) => Promise<void> | void;

/** One handler a route; routes without one answer "not implemented" and show as absent in docs/compat.md. */
export type Handlers = { readonly [Id in RouteId]?: Handler<Id> };
