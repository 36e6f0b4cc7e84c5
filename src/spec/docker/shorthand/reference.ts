// Image references as far as the client reads them: is it one, and how is it shown.
import { before } from '../../../base/ends.ts';

export interface Reference {
  /** `busybox`, `host:5000/a/b` */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const HOST = String.raw`(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::\d+)?`;
const PART = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
const PATTERN = new RegExp(
  String.raw`^((?:${HOST}/)?${PART}(?:/${PART})*)(?::(\w[\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/** Throws Error with Docker's text. */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new Error(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const match = PATTERN.exec(text);
  if (!match) {
    const lower = PATTERN.exec(text.toLowerCase());
    if (lower && text !== text.toLowerCase()) {
      const slash = text.lastIndexOf('/') + 1;
      const name = text.slice(0, slash) + (text.slice(slash).split(/[@:]/, 1)[0] ?? '');
      const host = before(name, '/');
      const path = /[.:]|^localhost$/.test(host) ? name.slice(host.length + 1) : name;
      throw new Error(
        `invalid reference format: repository name (${name.includes('/') ? path : `library/${name}`}) must be lowercase`,
      );
    }
    throw new Error('invalid reference format');
  }
  const name = (match[1] ?? '').replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\/(?=[^/]+$)/, '');
  return { name, tag: match[2], digest: match[3] };
}

/** `name:tag`, with `:latest` when the reference has neither tag nor digest. */
export function withDefaultTag(reference: Reference): string {
  const { name, tag, digest } = reference;
  return `${name}${tag === undefined ? (digest === undefined ? ':latest' : '') : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** An image id, in full or shortened, with or without `sha256:`. */
export const isImageId = (text: string): boolean => /^(sha256:)?[a-f0-9]{64}$/.test(text);

/** Docker Hub, as config.json names it. */
export const INDEX = 'https://index.docker.io/v1/';

/** The registry of an image name: its first part when that looks like a host. */
export function registryOf(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost';
  return !isHost || first === 'docker.io' || first === 'index.docker.io' ? INDEX : first;
}
