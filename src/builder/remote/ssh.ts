// The ssh that git runs for a build: no key, agent, setting or known host of whoever runs the daemon; pure.

export interface SshAccess {
  /** A unix socket of an agent with the keys that the client gave. */
  readonly agent?: string;
  /** Keys of servers that were met before; a server that is new is added. */
  readonly knownHosts: string;
}

/** A command for GIT_SSH_COMMAND, which a shell reads. ssh looks for `~` in the password database, whatever HOME says. */
export function sshCommand({ agent, knownHosts }: SshAccess): string {
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'accept-new',
    UserKnownHostsFile: fileOption(knownHosts),
    GlobalKnownHostsFile: '/dev/null',
    IdentityFile: 'none',
    IdentityAgent: agent === undefined ? 'none' : fileOption(agent),
  };
  return [
    'ssh -F /dev/null',
    ...Object.entries(options).map(([name, value]) => `-o ${quoted(`${name}=${value}`)}`),
  ].join(' ');
}

/** Whether a remote is reached by ssh: by its scheme, or as `user@host:path`. */
export function isSsh(remote: string): boolean {
  return /^(git\+)?ssh(\+git)?:\/\//i.test(remote) || !remote.includes('://');
}

/** ssh splits at spaces and replaces what follows a percent sign. */
function fileOption(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
