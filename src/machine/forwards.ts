// Pure. Which ports of the host's loopback are to lead into a machine, by what its containers publish.

/** As the list of containers has them. */
export interface PublishedPort {
  readonly IP?: string;
  readonly PublicPort?: number;
  readonly Type?: string;
}

export interface Forward {
  readonly protocol: 'tcp' | 'udp';
  /** The same on both sides. */
  readonly port: number;
  /** Where it leads, inside. */
  readonly target: string;
}

export function keyOf({ protocol, port }: Forward): string {
  return `${port}/${protocol}`;
}

/** One for each port and protocol, in order; of several addresses with one port IPv4's counts, since loopback has it everywhere. */
export function forwardsOf(containers: readonly { readonly Ports?: readonly PublishedPort[] | null }[]): Forward[] {
  const found = new Map<string, Forward>();
  for (const { IP = '', PublicPort, Type = 'tcp' } of containers.flatMap(({ Ports }) => Ports ?? [])) {
    if (PublicPort === undefined || PublicPort === 0 || (Type !== 'tcp' && Type !== 'udp')) continue;
    const forward: Forward = { protocol: Type, port: PublicPort, target: targetOf(IP) };
    const before = found.get(keyOf(forward));
    if (!before || (before.target.includes(':') && !forward.target.includes(':'))) found.set(keyOf(forward), forward);
  }
  return [...found.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

function targetOf(address: string): string {
  if (address === '' || address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

export interface ForwardChange {
  readonly how: 'forward' | 'cancel';
  readonly forward: Forward;
}

/** What goes before what comes: a port may have changed its target. */
export function changesOf(present: readonly Forward[], desired: readonly Forward[]): ForwardChange[] {
  const has = (list: readonly Forward[], one: Forward): boolean =>
    list.some((other) => keyOf(other) === keyOf(one) && other.target === one.target);
  return [
    ...present.filter((one) => !has(desired, one)).map((forward) => ({ how: 'cancel' as const, forward })),
    ...desired.filter((one) => !has(present, one)).map((forward) => ({ how: 'forward' as const, forward })),
  ];
}

/** As ssh's -L has it, for one address of the host's loopback: of two it would take one that is taken for good. */
export function sshForward(listen: '127.0.0.1' | '[::1]', { port, target }: Forward): string {
  return `${listen}:${port}:${target.includes(':') ? `[${target}]` : target}:${port}`;
}

/** As QEMU's monitor has it: UDP does not go through ssh, and reaches what is published on every address. */
export function monitorLine(how: ForwardChange['how'], { port, protocol }: Forward): string {
  return how === 'forward'
    ? `hostfwd_add net0 ${protocol}:127.0.0.1:${port}-:${port}`
    : `hostfwd_remove net0 ${protocol}:127.0.0.1:${port}`;
}
