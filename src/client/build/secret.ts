// Secrets and agents that a build may ask this machine for. Errors have buildx's wording.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type AgentSource, type SecretSource } from '../../spec/docker/shorthand/index.ts';

type Env = Readonly<Record<string, string | undefined>>;
/** Docker's limit for one secret. */
const MAX_SECRET_BYTES = 500 * 1024;

/** Its id, and how to read it when it is asked for. Throws Error for a file that is not there. */
export function secretOf({ id, from }: SecretSource, env: Env): [string, () => Uint8Array | undefined] {
  if ('variable' in from) {
    const value = env[from.variable];
    return [id, () => (value === undefined ? undefined : Buffer.from(value))];
  }
  const { path } = from;
  if (!existsSync(path)) throw new Error(`ERROR: failed to stat ${path}: stat ${path}: no such file or directory`);
  if (statSync(path).size > MAX_SECRET_BYTES) throw new Error(`ERROR: secret ${id} too big. max size 500KB`);
  return [id, () => readFileSync(path)];
}

/** Its id, and how to get at the socket of the agent when it is asked for. Throws Error for a path that is not there. */
export function agentOf({ id, paths }: AgentSource): [string, () => Promise<string>] {
  for (const path of paths)
    if (!existsSync(path)) throw new Error(`ERROR: failed to stat ${path}: no such file or directory`);
  const sockets = paths.filter((path) => statSync(path).isSocket());
  const [socket] = sockets;
  if (socket !== undefined && paths.length > 1) throw new Error('ERROR: only single socket allowed');
  if (socket !== undefined) return [id, () => Promise.resolve(socket)];
  let started: Promise<string> | undefined;
  return [id, () => (started ??= import('./key-agent.ts').then(({ startKeyAgent }) => startKeyAgent(paths)))];
}
