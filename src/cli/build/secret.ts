// `--secret` and `--ssh`: what a build may ask this machine for.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { Failure, flag } from '../grammar/index.ts';

type Env = Readonly<Record<string, string | undefined>>;
/** Docker's limit for one secret. */
const MAX_SECRET_BYTES = 500 * 1024;

/** Its id, and how to read it when it is asked for. Throws Failure. */
export function secretOf(text: string, env: Env): [string, () => Uint8Array | undefined] {
  let [id, source, variable, type] = ['', '', '', ''];
  for (const field of flag.parseCsv(text)) {
    const at = field.indexOf('=');
    if (at < 0) throw new Failure(`ERROR: invalid field '${field}' must be a key=value pair`);
    const key = field.slice(0, at).toLowerCase();
    const value = field.slice(at + 1);
    if (key === 'id') id = value;
    else if (key === 'source' || key === 'src') source = value;
    else if (key === 'env') variable = value;
    else if (key === 'type' && (value === 'file' || value === 'env')) type = value;
    else if (key === 'type') throw new Failure(`ERROR: unsupported secret type ${JSON.stringify(value)}`);
    else throw new Failure(`ERROR: unexpected key '${key}' in '${field}'`);
  }
  if (type === 'env' && variable === '') [variable, source] = [source, ''];
  if (variable === '' && source === '' && env[id] !== undefined) variable = id;
  if (variable !== '') {
    const value = env[variable];
    return [id || variable, () => (value === undefined ? undefined : Buffer.from(value))];
  }
  const path = source || id;
  if (!existsSync(path)) throw new Failure(`ERROR: failed to stat ${path}: stat ${path}: no such file or directory`);
  if (statSync(path).size > MAX_SECRET_BYTES) throw new Failure(`ERROR: secret ${id} too big. max size 500KB`);
  return [id, () => readFileSync(path)];
}

/** Its id, and how to get at the socket of the agent when it is asked for. Throws Failure. */
export function agentOf(text: string, env: Env): [string, () => Promise<string>] {
  const at = text.indexOf('=');
  const id = at < 0 ? text : text.slice(0, at);
  const given = at < 0 ? (env['SSH_AUTH_SOCK'] ?? '') : text.slice(at + 1);
  if (given === '') throw new Failure(`ERROR: invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set`);
  const paths = given.split(',');
  for (const path of paths)
    if (!existsSync(path)) throw new Failure(`ERROR: failed to stat ${path}: no such file or directory`);
  const sockets = paths.filter((path) => statSync(path).isSocket());
  if (sockets.length > 0 && paths.length > 1) throw new Failure('ERROR: only single socket allowed');
  if (sockets.length > 0) return [id, () => Promise.resolve(given)];
  let started: Promise<string> | undefined;
  return [id, () => (started ??= import('./key-agent.ts').then(({ startKeyAgent }) => startKeyAgent(paths)))];
}
