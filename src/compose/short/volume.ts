// `SOURCE:TARGET:OPTIONS` -> a mount in its long form.
import { posix } from 'node:path';
import { fail } from '../value/error.ts';
import { type Dict, dict, isDict } from '../value/value.ts';

const PROPAGATIONS = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']);

/** Throws with docker compose's words where the text is none. */
export function parseVolume(spec: string): Dict {
  if (spec === '') fail('invalid empty volume spec');
  const volume = dict();
  if (Buffer.byteLength(spec) <= 2) return Object.assign(volume, { type: 'volume', target: spec });
  const refuse = (why: string): never => fail(`invalid spec: ${spec}: ${why}`);
  const sections = split(spec);
  sections.forEach((section, index) => {
    if (section === '') refuse('empty section between colons');
    const isLast = index === sections.length - 1;
    if (volume['source'] === undefined && isLast && index === 0) volume['target'] = section;
    else if (volume['source'] === undefined) volume['source'] = section;
    else if (volume['target'] === undefined) volume['target'] = section;
    else if (!isLast) refuse('too many colons');
    else for (const option of section.split(',')) apply(volume, option);
  });
  setType(volume);
  return volume;
}

/** The same, with a clean target: what stands for the short form from then on. */
export function canonicalVolume(spec: string): Dict {
  const volume = parseVolume(spec);
  const target = volume['target'];
  if (typeof target === 'string' && target !== '') volume['target'] = cleanPath(target);
  return volume;
}

/** As path.Clean of Go: no `.`, no `..` that can be resolved, no slash at the end. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** At colons; but not at that of a drive letter, nor within `${…}`. */
function split(spec: string): string[] {
  const sections: string[] = [];
  let section = '';
  let open = 0;
  for (let at = 0; at < spec.length; at += 1) {
    const char = spec[at] ?? '';
    if (char === '$' && spec[at + 1] === '{') open += 1;
    else if (char === '}' && open > 0) open -= 1;
    else if (char === ':' && open === 0 && !/^\p{L}$/u.test(section)) {
      sections.push(section);
      section = '';
      continue;
    }
    section += char;
  }
  return [...sections, section];
}

function apply(volume: Dict, option: string): void {
  if (option === 'ro') volume['read_only'] = true;
  else if (option === 'rw') delete volume['read_only'];
  else if (option === 'nocopy') volume['volume'] = dict({ nocopy: true });
  else if (PROPAGATIONS.has(option)) bindOf(volume)['propagation'] = option;
  else if (option === 'z' || option === 'Z') bindOf(volume)['selinux'] = option;
}

function bindOf(volume: Dict): Dict {
  const before = volume['bind'];
  if (isDict(before)) return before;
  const made = dict();
  volume['bind'] = made;
  return made;
}

function setType(volume: Dict): void {
  const source = volume['source'];
  if (typeof source === 'string' && isFilePath(source)) {
    volume['type'] = 'bind';
    bindOf(volume)['create_host_path'] = true;
  } else {
    volume['type'] = 'volume';
    volume['volume'] ??= dict();
  }
}

function isFilePath(source: string): boolean {
  return /^[./~]/.test(source) || source.startsWith('\\\\') || /^\p{L}:/u.test(source);
}
