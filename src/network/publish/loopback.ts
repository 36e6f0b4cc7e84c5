// ::1, and IPv6 for a container without it, which the kernel cannot translate: a listener copies to the container's port. TCP connections and UDP flows, bounded.
import { createSocket, type RemoteInfo, type Socket as Datagrams } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { shareOfOpenFiles } from '../../host/descriptors.ts';
import { shareWithEnded } from '../../host/port.ts';
import { type Flow, FlowTable } from './flow-table.ts';

const LOOPBACK = '::1';
/** Descriptors of copied flows in the whole daemon, and at most a quarter of the open files that are allowed; one port has half of them. */
const MAX_DESCRIPTORS = 8192;
/** A TCP connection without traffic ends after so long, as in the kernel's connection tracking; milliseconds. */
const TCP_IDLE_MS = 432_000_000;
/** A peer that is silent for so long is asked whether it is still there. */
const KEEPALIVE_MS = 60_000;
/** A UDP flow without packets ends after so long. */
const UDP_IDLE_MS = 60_000;

export interface CopyTarget {
  readonly address: string;
  readonly port: number;
}

/** Who is served: where the kernel leads the others on, this host's ::1 alone. */
export type Served = '::1' | 'anybody';

export interface CopyLimits {
  /** Of all ports together. */
  readonly whole: FlowTable;
  /** Descriptors of one port's flows. */
  readonly ofPort: number;
  readonly tcpIdleMs: number;
  readonly udpIdleMs: number;
}

let limits: CopyLimits | undefined;

function daemonLimits(): CopyLimits {
  const most = shareOfOpenFiles(4, MAX_DESCRIPTORS);
  return (limits ??= {
    whole: new FlowTable(most),
    ofPort: Math.ceil(most / 2),
    tcpIdleMs: TCP_IDLE_MS,
    udpIdleMs: UDP_IDLE_MS,
  });
}

/** Takes the descriptor, a socket bound to an IPv6 address, over. Those who are not served get nothing. */
export function copyFrom(
  whom: Served,
  protocol: 'tcp' | 'udp',
  fd: number,
  target: CopyTarget,
  within: CopyLimits = daemonLimits(),
): Disposable {
  const served = (address: string | undefined): boolean => whom === 'anybody' || address === LOOPBACK;
  return protocol === 'tcp' ? copyConnections(served, fd, target, within) : copyFlows(served, fd, target, within);
}

type Test = (address: string | undefined) => boolean;

function copyConnections(
  served: Test,
  fd: number,
  { address, port }: CopyTarget,
  { whole, ofPort, tcpIdleMs }: CopyLimits,
): Disposable {
  const flows = new FlowTable(ofPort, whole);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    if (!served(client.remoteAddress)) {
      client.destroy();
      return;
    }
    // first of all room for the second descriptor
    const pair: Socket[] = [client];
    const flow: Flow = {
      cost: 2,
      active: performance.now(),
      end: () => pair.forEach((one) => one.destroy()),
    };
    flows.add(flow);
    const inside = connect({ host: address, port, allowHalfOpen: true });
    pair.push(inside);
    for (const [one, other] of [
      [client, inside],
      [inside, client],
    ] as const) {
      one.setNoDelay(true);
      one.setKeepAlive(true, KEEPALIVE_MS);
      one.on('error', () => other.destroy());
      one.once('close', () => {
        if (other.destroyed) flows.remove(flow);
        other.destroySoon();
      });
      one.on('data', () => (flow.active = performance.now()));
      one.pipe(other);
    }
    // what the client sends is written inside, so that one of them sees all traffic
    inside.setTimeout(tcpIdleMs, flow.end);
    client.resume();
  });
  server.on('error', () => undefined);
  shareWithEnded(fd, true);
  server.listen({ fd });
  return {
    [Symbol.dispose]() {
      server.close();
      flows.endAll();
    },
  };
}

function copyFlows(
  served: Test,
  fd: number,
  { address, port }: CopyTarget,
  { whole, ofPort, udpIdleMs }: CopyLimits,
): Disposable {
  const outside = createSocket('udp6');
  const table = new FlowTable(ofPort, whole);
  const flows = new Map<string, UdpFlow>();
  const begin = (key: string, from: RemoteInfo): UdpFlow => {
    const inside = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const flow: UdpFlow = {
      inside,
      idle: setTimeout(() => flow.end(), udpIdleMs).unref(),
      cost: 1,
      active: performance.now(),
      end: () => {
        if (!flows.delete(key)) return;
        table.remove(flow);
        clearTimeout(flow.idle);
        inside.close();
      },
    };
    table.add(flow);
    flows.set(key, flow);
    inside.on('error', flow.end);
    inside.on('message', (data) => {
      flow.active = performance.now();
      outside.send(data, from.port, from.address);
    });
    inside.connect(port, address);
    return flow;
  };
  outside.on('error', () => undefined);
  outside.on('message', (data, from) => {
    if (!served(from.address)) return;
    const key = `${from.address} ${from.port}`;
    const known = flows.get(key);
    const flow = known ?? begin(key, from);
    flow.active = performance.now();
    flow.idle.refresh();
    // connect() is not done yet for the first packet: Node sends it when it is
    if (known) flow.inside.send(data, () => undefined);
    else flow.inside.once('connect', () => flow.inside.send(data, () => undefined));
  });
  outside.bind({ fd });
  return {
    [Symbol.dispose]() {
      outside.close();
      table.endAll();
    },
  };
}

interface UdpFlow extends Flow {
  readonly inside: Datagrams;
  readonly idle: NodeJS.Timeout;
}
