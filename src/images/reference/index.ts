// Names of images: read, normalised and printed as Docker does (`debian` is `docker.io/library/debian`).
import { invalid } from '../../base/errors.ts';
import { validateDigest } from '../../base/digest.ts';
import { globTest } from '../../spec/ignore/pattern.ts';

/**
 * A normalised reference. `domain/path` is the repository's full name; without tag and digest it names the repository.
 * The domain is empty when what looks like one cannot be a host (`my_host.local/app`): then the whole name is the path, and it
 * is in no registry.
 */
export interface Reference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const ALPHANUMERIC = '[a-z0-9]+';
const SEPARATOR = '(?:[._]|__|[-]+)';
const COMPONENT = `${ALPHANUMERIC}(?:${SEPARATOR}${ALPHANUMERIC})*`;
const REMOTE = `${COMPONENT}(?:/${COMPONENT})*`;
const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const HOST = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[(?:[a-fA-F0-9:]+)\\])`;
const DOMAIN = `${HOST}(?::[0-9]+)?`;
const TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

const REFERENCE = new RegExp(`^(?:(${DOMAIN})/)?(${REMOTE})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const TAG_ONLY = new RegExp(`^${TAG}$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;

const DEFAULT_DOMAIN = 'docker.io';
const MAX_PATH = 255;

/** Reads what a person writes. Throws invalid in the words of distribution/reference. */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text))
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const [domain, remainder] = splitDomain(text);
  const colon = remainder.indexOf(':');
  const remote = colon < 0 ? remainder : remainder.slice(0, colon);
  if (remote.toLowerCase() !== remote)
    throw invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  const match = REFERENCE.exec(`${domain}/${remainder}`);
  if (!match?.[2]) {
    const lower = REFERENCE.test(`${domain}/${remainder}`.toLowerCase());
    throw invalid(lower ? 'repository name must be lowercase' : 'invalid reference format');
  }
  const [, host = '', path, tag, digest] = match;
  if (path.length > MAX_PATH) throw invalid('repository name must not be more than 255 characters');
  if (digest !== undefined) validateDigest(digest);
  return {
    domain: host,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function splitDomain(name: string): [string, string] {
  const slash = name.indexOf('/');
  if (slash < 0) return [DEFAULT_DOMAIN, `library/${name}`];
  const first = name.slice(0, slash);
  const rest = name.slice(slash + 1);
  let domain = DEFAULT_DOMAIN;
  let remote = name;
  if (first === 'index.docker.io') remote = rest;
  else if (first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first)
    [domain, remote] = [first, rest];
  if (domain === DEFAULT_DOMAIN && !remote.includes('/')) remote = `library/${remote}`;
  return [domain, remote];
}

/** What a person may have meant by any text: an id, a digest, or a name. */
export type AnyReference = { readonly id: `sha256:${string}` } | { readonly name: Reference };

export function parseAnyReference(text: string): AnyReference {
  if (IDENTIFIER.test(text)) return { id: `sha256:${text}` };
  if (/^sha256:[a-f0-9]{64}$/.test(text)) return { id: text as `sha256:${string}` };
  return { name: parseReference(text) };
}

export function withTag(reference: Reference, tag: string): Reference {
  if (!TAG_ONLY.test(tag)) throw invalid('invalid tag format');
  return {
    domain: reference.domain,
    path: reference.path,
    tag,
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
  };
}

/** The `tag` parameter of a pull, which may be a digest as well. */
export function withTagOrDigest(reference: Reference, text: string): Reference {
  try {
    return withDigest(reference, text);
  } catch {
    return withTag(reference, text);
  }
}

export function withDigest(reference: Reference, digest: string): Reference {
  validateDigest(digest);
  return { domain: reference.domain, path: reference.path, digest };
}

/** Adds `latest` to a bare name. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

export function isNameOnly(reference: Reference): boolean {
  return reference.tag === undefined && reference.digest === undefined;
}

/** `docker.io/library/debian:12`; a key for maps. */
export function fullString(reference: Reference): string {
  return fullName(reference) + suffix(reference);
}

export function fullName(reference: Reference): string {
  return reference.domain === '' ? reference.path : `${reference.domain}/${reference.path}`;
}

/** `debian` of `docker.io/library/debian:12`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== DEFAULT_DOMAIN) return fullName(reference);
  const short = reference.path.replace(/^library\//, '');
  // library/foo/bar is not foo/bar, which is another repository
  return short.includes('/') ? reference.path : short;
}

/** `debian:12`: the form that people see. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

function suffix(reference: Reference): string {
  return (
    (reference.tag === undefined ? '' : `:${reference.tag}`) +
    (reference.digest === undefined ? '' : `@${reference.digest}`)
  );
}

/** The `repo` and `tag` parameters of tag, import and commit; undefined when `repo` is empty. */
export function repoTagReference(repo: string | undefined, tag: string | undefined): Reference | undefined {
  if (!repo) return undefined;
  const reference = parseReference(repo);
  if (reference.digest !== undefined) throw invalid('cannot import digest reference');
  checkGiven(reference);
  return tag ? withTag(reference, tag) : withDefaultTag(reference);
}

/** Whether a pattern (Go's path.Match) is that of a familiar name, with or without its tag. Throws invalid for a bad pattern. */
export function familiarMatch(pattern: string, reference: Reference): boolean {
  const matches = globTest(pattern);
  if (!matches) throw invalid('syntax error in pattern');
  return matches(familiarString(reference)) || (!isNameOnly(reference) && matches(familiarName(reference)));
}

/** A name that an image is to get. Throws invalid for one that reads like an id. */
export function checkGiven(reference: Reference): void {
  if (familiarName(reference) === 'sha256')
    throw invalid('refusing to create an ambiguous tag using digest algorithm as name');
}
