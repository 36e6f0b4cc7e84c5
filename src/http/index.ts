// Serving HTTP: routes as a table, bounded bodies, ranges, conditions, errors. It does not know what is served.
export { readBody, readForm } from './body.ts';
export { byteRange } from './byte-range.ts';
export { matchesEtag } from './conditional.ts';
export { Exchange } from './exchange.ts';
export { boundHandshakes, boundIdle, createListener } from './listener.ts';
export type { Route } from './router.ts';
export { createHttpServer, type ServedRoute } from './server.ts';
export { statusOf } from './status.ts';
export { upgradedBody } from './upgraded.ts';
export { acceptKey, webSocketStream } from './websocket.ts';
