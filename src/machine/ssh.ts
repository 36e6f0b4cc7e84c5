// Pure. Command lines of OpenSSH's client for a machine: its own key, its own host key, nothing of the user's settings.
import type { Layout } from './layout.ts';
import { processName } from './argv.ts';

/** Options that every call has. */
export function sshOptions(layout: Layout, name: string, port: number): readonly string[] {
  return [
    '-F',
    'none',
    '-i',
    layout.key,
    '-p',
    String(port),
    ...[
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      `UserKnownHostsFile="${layout.knownHosts}"`,
      'GlobalKnownHostsFile=none',
      'StrictHostKeyChecking=yes',
      'UpdateHostKeys=no',
      `HostKeyAlias=${processName(name)}`,
      'ConnectTimeout=10',
      'LogLevel=ERROR',
    ].flatMap((option) => ['-o', option]),
  ];
}

/** A shell in the machine, or one command. */
export function shellArguments(
  layout: Layout,
  name: string,
  port: number,
  command: readonly string[],
  isTerminal: boolean,
): readonly string[] {
  return [...sshOptions(layout, name, port), ...(isTerminal ? ['-t'] : []), 'root@127.0.0.1', ...command];
}

/** The connection that stays: it brings the daemon's socket to the host, and others ask it for ports. */
export function masterArguments(layout: Layout, name: string, port: number): readonly string[] {
  return [
    ...sshOptions(layout, name, port),
    '-N',
    '-M',
    '-S',
    layout.master,
    ...[
      'ServerAliveInterval=5',
      'ServerAliveCountMax=6',
      'StreamLocalBindUnlink=yes',
      'StreamLocalBindMask=0177',
    ].flatMap((option) => ['-o', option]),
    '-L',
    `${layout.socket}:/run/berth/berth.sock`,
    'root@127.0.0.1',
  ];
}

/** `how`: `forward` or `cancel`; `via`: `127.0.0.1:8080:127.0.0.1:8080`. */
export function forwardArguments(layout: Layout, how: 'forward' | 'cancel', via: string): readonly string[] {
  return ['-F', 'none', '-S', layout.master, '-O', how, '-L', via, 'root@127.0.0.1'];
}
