// Pure. Where machines are kept on the host.
//
//   <root>/images/                     what machines share: Debian's system, its kernel, Berth itself
//   <root>/NAME.lock                   who works on the machine now
//   <root>/NAME/machine.json           its settings; written last, so that a machine without it is none
//   <root>/NAME/run.json               how it was started; worth something only while its process lives
//   <root>/NAME/data.img               its disk: images, containers, volumes
//   <root>/NAME/key, host_key          keys of SSH: ours for it, its own; known_hosts names the latter
//   <root>/NAME/initrd                 what it boots with: modules and the settings of this start
//   <root>/NAME/console.log, tend.log  what its kernel and what our helper said
//   <root>/NAME/berth.sock, qmp.sock, ssh.sock, pid
import { invalid } from '../base/errors.ts';

export type Platform = 'linux' | 'darwin' | 'win32';

/** What a unix socket's path may have on the narrowest of the systems, its end included. */
const SOCKET_PATH_MAX = 104;

/** `BERTH_MACHINES`, else a folder in the user's home. */
export function machinesRoot(platform: Platform, env: Readonly<Record<string, string | undefined>>): string {
  if (env['BERTH_MACHINES']) return env['BERTH_MACHINES'];
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] || `${env['USERPROFILE'] ?? 'C:'}\\AppData\\Local`;
    return `${local}\\berth\\machines`;
  }
  const data = env['XDG_DATA_HOME'] || `${env['HOME'] || '/root'}/.local/share`;
  return `${data}/berth/machines`;
}

export interface Layout {
  readonly folder: string;
  readonly lock: string;
  readonly record: string;
  readonly run: string;
  readonly data: string;
  readonly key: string;
  readonly hostKey: string;
  readonly knownHosts: string;
  readonly initrd: string;
  readonly console: string;
  readonly tendLog: string;
  readonly socket: string;
  readonly qmp: string;
  readonly master: string;
  readonly pid: string;
  readonly share: (at: number) => string;
}

export function imagesFolder(platform: Platform, root: string): string {
  return `${root}${separator(platform)}images`;
}

/** Throws invalid where the folder's path is too long for the sockets in it. */
export function layoutOf(platform: Platform, root: string, name: string): Layout {
  const folder = `${root}${separator(platform)}${name}`;
  const file = (end: string): string => `${folder}${separator(platform)}${end}`;
  const longest = Buffer.byteLength(file('berth.sock'));
  // ssh puts a suffix of its own behind the name while it makes the socket
  if (platform !== 'win32' && longest + 18 > SOCKET_PATH_MAX)
    throw invalid(`the folder of machines is too long for a socket in it: ${root}`, {
      hint: 'Set BERTH_MACHINES to a shorter one.',
    });
  return {
    folder,
    lock: `${folder}.lock`,
    record: file('machine.json'),
    run: file('run.json'),
    data: file('data.img'),
    key: file('key'),
    hostKey: file('host_key'),
    knownHosts: file('known_hosts'),
    initrd: file('initrd'),
    console: file('console.log'),
    tendLog: file('tend.log'),
    socket: file('berth.sock'),
    qmp: file('qmp.sock'),
    master: file('ssh.sock'),
    pid: file('pid'),
    share: (at) => file(`share${at}.sock`),
  };
}

const separator = (platform: Platform): string => (platform === 'win32' ? '\\' : '/');
