// Contexts: daemons with a name, kept beside the client's configuration as Docker's client keeps them, which finds them there too.
//   contexts/meta/<sha256 of the name>/meta.json      a ContextMeta
//   contexts/tls/<sha256 of the name>/docker/         ca.pem, cert.pem, key.pem
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { replaceFile } from '../../files/index.ts';

export interface ContextMeta {
  readonly Name: string;
  readonly Metadata: { readonly Description?: string };
  readonly Endpoints: { readonly docker?: { readonly Host?: string; readonly SkipTLSVerify?: boolean } };
}

/** What stands for the daemon that flags, variables or nothing name. */
export const DEFAULT_CONTEXT = 'default';
const NAME = '^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$';

export class ContextStore {
  readonly #root: string;
  readonly #hash: (text: string) => string;

  constructor(configDir: string, hash: (text: string) => string) {
    this.#root = join(configDir, 'contexts');
    this.#hash = hash;
  }

  metaPath(name: string): string {
    return join(this.#root, 'meta', this.#hash(name));
  }

  tlsPath(name: string): string {
    return join(this.#root, 'tls', this.#hash(name));
  }

  list(): ContextMeta[] {
    const folder = join(this.#root, 'meta');
    return entries(folder).flatMap((id) => {
      try {
        return [readMeta(join(folder, id, 'meta.json'))];
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
        throw new Error(`failed to read metadata: ${messageOf(error)}`, { cause: error });
      }
    });
  }

  has(name: string): boolean {
    return entries(this.metaPath(name)).length > 0;
  }

  /** Throws Error with Docker's text. */
  get(name: string): ContextMeta {
    const path = join(this.metaPath(name), 'meta.json');
    try {
      return readMeta(path);
    } catch (error) {
      const missing = isErrno(error, 'ENOENT', 'ENOTDIR');
      throw new Error(
        `context "${name}": ${missing ? `context not found: open ${path}: no such file or directory` : messageOf(error)}`,
        { cause: error },
      );
    }
  }

  save(meta: ContextMeta): void {
    replaceFile(join(this.metaPath(meta.Name), 'meta.json'), JSON.stringify(meta), 0o644);
  }

  remove(name: string): void {
    rmSync(this.metaPath(name), { recursive: true, force: true });
    rmSync(this.tlsPath(name), { recursive: true, force: true });
  }

  /** Names of the files for TLS, by endpoint. */
  tlsFiles(name: string): Record<string, string[]> {
    const folder = this.tlsPath(name);
    return Object.fromEntries(entries(folder).map((endpoint) => [endpoint, entries(join(folder, endpoint))]));
  }

  /** In place of what was there. */
  setTls(name: string, endpoint: string, files: ReadonlyMap<string, Buffer>): void {
    const folder = join(this.tlsPath(name), endpoint);
    rmSync(folder, { recursive: true, force: true });
    for (const [file, content] of files) replaceFile(join(folder, file), content, 0o600);
  }
}

export function checkContextName(name: string): void {
  if (name === '') throw new Error('context name cannot be empty');
  if (name === DEFAULT_CONTEXT) throw new Error('"default" is a reserved context name');
  if (!new RegExp(NAME).test(name))
    throw new Error(`context name "${name}" is invalid, names are validated against regexp "${NAME}"`);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

function readMeta(path: string): ContextMeta {
  return asMeta(parseJson(readFileSync(path, 'utf8')));
}

/** Throws for what is no context. What is not known of it stays. */
export function asMeta(value: unknown): ContextMeta {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('its metadata is not an object');
  const { Name, Metadata, Endpoints } = value as Record<string, unknown>;
  const object = (one: unknown): object => (typeof one === 'object' && one !== null ? one : {});
  return { Name: typeof Name === 'string' ? Name : '', Metadata: object(Metadata), Endpoints: object(Endpoints) };
}
