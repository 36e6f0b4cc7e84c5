// ::1, which the kernel cannot translate: a listener on it copies to the container's port. TCP connections and UDP flows, bounded.
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';

const LOOPBACK = '::1';
const MAX_CONNECTIONS = 1024;
const MAX_FLOWS = 256;
/** A UDP flow without packets ends after so long, milliseconds. */
const IDLE_MS = 60_000;

export interface CopyTarget {
  readonly address: string;
  readonly port: number;
}

/** Takes the descriptor, a socket bound to `::` or `::1`, over. Others than this host's ::1 get nothing. */
export function copyLoopback(protocol: 'tcp' | 'udp', fd: number, target: CopyTarget): Disposable {
  return protocol === 'tcp' ? copyConnections(fd, target) : copyFlows(fd, target);
}

function copyConnections(fd: number, { address, port }: CopyTarget): Disposable {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    if (client.remoteAddress !== LOOPBACK) {
      client.destroy();
      return;
    }
    const inside = connect({ host: address, port, allowHalfOpen: true });
    for (const [one, other] of [
      [client, inside],
      [inside, client],
    ] as const) {
      open.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.once('close', () => {
        open.delete(one);
        other.destroySoon();
      });
      one.pipe(other);
    }
    client.resume();
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('error', () => undefined);
  server.listen({ fd });
  return {
    [Symbol.dispose]() {
      server.close();
      for (const one of open) one.destroy();
    },
  };
}

function copyFlows(fd: number, { address, port }: CopyTarget): Disposable {
  const outside = createSocket('udp6');
  const flows = new Map<number, { inside: Datagrams; idle: NodeJS.Timeout }>();
  const end = (key: number): void => {
    const flow = flows.get(key);
    if (!flow) return;
    flows.delete(key);
    clearTimeout(flow.idle);
    flow.inside.close();
  };
  const begin = (key: number): { inside: Datagrams; idle: NodeJS.Timeout } => {
    const inside = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    inside.on('error', () => end(key));
    inside.on('message', (data) => outside.send(data, key, LOOPBACK));
    inside.connect(port, address);
    const flow = { inside, idle: setTimeout(() => end(key), IDLE_MS).unref() };
    flows.set(key, flow);
    return flow;
  };
  outside.on('error', () => undefined);
  outside.on('message', (data, from) => {
    if (from.address !== LOOPBACK) return;
    const known = flows.get(from.port);
    if (!known && flows.size >= MAX_FLOWS) return;
    const { inside, idle } = known ?? begin(from.port);
    idle.refresh();
    // connect() is not done yet for the first packet: Node sends it when it is
    if (known) inside.send(data, () => undefined);
    else inside.once('connect', () => inside.send(data, () => undefined));
  });
  outside.bind({ fd });
  return {
    [Symbol.dispose]() {
      outside.close();
      for (const key of flows.keys()) end(key);
    },
  };
}
