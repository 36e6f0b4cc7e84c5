// `--secret` and `--ssh`: what a build may ask the client's machine for, and where it is there.
import { parseCsv } from '../../../base/go-text.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface SecretSource {
  readonly id: string;
  readonly from: { readonly variable: string } | { readonly path: string };
}

/** Without a source it is a variable of the secret's name, or else a file. Throws Error with buildx's text. */
export function parseSecret(text: string, env: Env): SecretSource {
  let [id, source, variable, type] = ['', '', '', ''];
  for (const field of parseCsv(text)) {
    const at = field.indexOf('=');
    if (at < 0) throw new Error(`ERROR: invalid field '${field}' must be a key=value pair`);
    const key = field.slice(0, at).toLowerCase();
    const value = field.slice(at + 1);
    if (key === 'id') id = value;
    else if (key === 'source' || key === 'src') source = value;
    else if (key === 'env') variable = value;
    else if (key === 'type' && (value === 'file' || value === 'env')) type = value;
    else if (key === 'type') throw new Error(`ERROR: unsupported secret type ${JSON.stringify(value)}`);
    else throw new Error(`ERROR: unexpected key '${key}' in '${field}'`);
  }
  if (type === 'env' && variable === '') [variable, source] = [source, ''];
  if (variable === '' && source === '' && env[id] !== undefined) variable = id;
  if (variable !== '') return { id: id || variable, from: { variable } };
  return { id, from: { path: source || id } };
}

export interface AgentSource {
  readonly id: string;
  /** A socket, or files of keys. */
  readonly paths: readonly string[];
}

/** `default`, `id=/path/of/socket`, `id=key,key`. Throws Error with buildx's text. */
export function parseAgent(text: string, env: Env): AgentSource {
  const at = text.indexOf('=');
  const given = at < 0 ? (env['SSH_AUTH_SOCK'] ?? '') : text.slice(at + 1);
  if (given === '') throw new Error('ERROR: invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set');
  return { id: at < 0 ? text : text.slice(0, at), paths: given.split(',') };
}
