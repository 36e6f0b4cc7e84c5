// The members of a spooled archive by name; links among them are followed, and lead nowhere else.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Digest } from '../../base/ids.ts';
import type { Spooled, SpooledLayer } from '../../host/sandbox/index.ts';

/** Manifests and configurations above this are refused unread. */
const MAX_JSON_BYTES = 8 * 1024 * 1024;
const MAX_LINKS = 32;

export interface Member {
  readonly path: string;
  readonly size: number;
}

export interface UnpackedMember extends Omit<SpooledLayer, 'sha256' | 'layer'> {
  readonly diffId: Digest;
  readonly directory: string;
  /** The file of its seams. */
  readonly tarSplit: string;
}

export class Archive {
  readonly #directory: string;
  readonly #members: ReadonlyMap<string, Spooled>;

  constructor(directory: string, members: ReadonlyMap<string, Spooled>) {
    this.#directory = directory;
    this.#members = members;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  names(): IterableIterator<string> {
    return this.#members.keys();
  }

  /** Throws invalid when there is no such file, or only a link to nothing. */
  member(name: string): Member {
    const found = this.#find(name);
    if ('file' in found) return { path: join(this.#directory, String(found.file)), size: found.size };
    throw invalid('broken' in found ? found.broken : `${name} is an archive`);
  }

  /** A layer that was unpacked while it came: where it is. Or the digest of one that is known already. Undefined for a file. */
  layer(name: string): UnpackedMember | { readonly known: Digest } | undefined {
    const found = this.#find(name);
    if ('known' in found) return { known: `sha256:${found.known}` };
    if (!('layer' in found)) return undefined;
    const directory = join(this.#directory, String(found.layer));
    return { ...found, diffId: `sha256:${found.sha256}`, directory, tarSplit: `${directory}.tar-split` };
  }

  #find(name: string): Exclude<Spooled, { link: string }> {
    let at = clean(name);
    for (let links = 0; links < MAX_LINKS; links += 1) {
      const found = this.#members.get(at);
      if (!found) break;
      if (!('link' in found)) return found;
      at = found.link;
    }
    throw invalid(`open ${name}: no such file or directory`);
  }

  read(name: string): AsyncIterable<Buffer> {
    return createReadStream(this.member(name).path, { highWaterMark: 256 * 1024 });
  }

  async readWhole(name: string): Promise<Buffer> {
    const { path, size } = this.member(name);
    if (size > MAX_JSON_BYTES) throw invalid(`${name} is too large`);
    await using file = await open(path, 'r');
    return file.readFile();
  }

  async json(name: string): Promise<unknown> {
    return parseNamed(name, await this.readWhole(name));
  }
}

/** Throws invalid that says which member is no JSON. */
export function parseNamed(name: string, content: Buffer): unknown {
  try {
    return parseJson(content.toString());
  } catch (error) {
    throw invalid(`${name}: ${messageOf(error)}`);
  }
}

/** `./a//b` is the member `a/b`; what leads upwards is no member's name. */
function clean(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
