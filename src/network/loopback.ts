// ::1, and IPv6 for a container without it, which the kernel cannot translate: a listener copies to the container's port. TCP connections and UDP flows, bounded.
import { createSocket, type RemoteInfo, type Socket as Datagrams } from 'node:dgram';
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

/** Who is served: where the kernel leads the others on, this host's ::1 alone. */
export type Served = '::1' | 'anybody';

/** Takes the descriptor, a socket bound to an IPv6 address, over. Those who are not served get nothing. */
export function copyFrom(whom: Served, protocol: 'tcp' | 'udp', fd: number, target: CopyTarget): Disposable {
  const served = (address: string | undefined): boolean => whom === 'anybody' || address === LOOPBACK;
  return protocol === 'tcp' ? copyConnections(served, fd, target) : copyFlows(served, fd, target);
}

type Test = (address: string | undefined) => boolean;

function copyConnections(served: Test, fd: number, { address, port }: CopyTarget): Disposable {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    if (!served(client.remoteAddress)) {
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

interface Flow {
  readonly inside: Datagrams;
  readonly idle: NodeJS.Timeout;
}

function copyFlows(served: Test, fd: number, { address, port }: CopyTarget): Disposable {
  const outside = createSocket('udp6');
  const flows = new Map<string, Flow>();
  const end = (key: string): void => {
    const flow = flows.get(key);
    if (!flow) return;
    flows.delete(key);
    clearTimeout(flow.idle);
    flow.inside.close();
  };
  const begin = (key: string, from: RemoteInfo): Flow => {
    const inside = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    inside.on('error', () => end(key));
    inside.on('message', (data) => outside.send(data, from.port, from.address));
    inside.connect(port, address);
    const flow = { inside, idle: setTimeout(() => end(key), IDLE_MS).unref() };
    flows.set(key, flow);
    return flow;
  };
  outside.on('error', () => undefined);
  outside.on('message', (data, from) => {
    if (!served(from.address)) return;
    const key = `${from.address} ${from.port}`;
    const known = flows.get(key);
    if (!known && flows.size >= MAX_FLOWS) return;
    const { inside, idle } = known ?? begin(key, from);
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
