// Checks of flags that are texts: environment, labels, addresses, domains, sysctls.
import { dropEnds } from '../../base/ends.ts';
import { readFileSync } from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { ipVersion } from './address.ts';
import { cut } from '../grammar/index.ts';

/** `A=b`; a bare name takes its value from the environment of the client. */
export function checkEnv(text: string): string {
  const [name] = cut(text, '=');
  if (name === '') throw new Error(`invalid environment variable: ${text}`);
  if (text.includes('=')) return text;
  const value = process.env[name];
  return value === undefined ? text : `${name}=${value}`;
}

export function checkLabel(text: string): string {
  const key = cut(text, '=')[0].replace(/^[ \t]+/, '');
  if (key === '') throw new Error(`invalid label '${text}': empty name`);
  if (/[ \t]/.test(key)) throw new Error(`label '${key}' contains whitespaces`);
  return text;
}

export function checkAttach(text: string): string {
  const name = text.toLowerCase();
  if (name === 'stdin' || name === 'stdout' || name === 'stderr') return name;
  throw new Error('valid streams are STDIN, STDOUT and STDERR');
}

export function checkIp(text: string): string {
  if (ipVersion(text.trim()) === 0) throw new Error(`IP address is not correctly formatted: ${text}`);
  return text.trim();
}

export function checkDnsSearch(text: string): string {
  const domain = dropEnds(text, ' ');
  if (domain === '.') return domain;
  const match =
    /^(:?(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))(:?\.(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])))*)\.?\s*$/.exec(
      domain,
    );
  if (/[a-zA-Z]/.test(domain) && match && (match[1] ?? '').length < 255) return match[1] ?? '';
  throw new Error(`${domain} is not a valid domain`);
}

export function checkLink(text: string): string {
  if (text === '') throw new Error('empty string specified for links');
  if (text.split(':').length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}

const SYSCTLS = ['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'].map(
  (name) => `kernel.${name}`,
);

export function checkSysctl(text: string): string {
  const [name] = cut(text, '=');
  if (
    text.includes('=') &&
    name !== '' &&
    (SYSCTLS.includes(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.'))
  )
    return text;
  throw new Error(`sysctl '${text}' is not allowed`);
}

/** `name:ip`, `name=ip`, `name:host-gateway`; gives the form with a colon, without square brackets. */
export function checkExtraHost(text: string): string {
  const separator = text.includes('=') ? '=' : ':';
  const [name, rest] = cut(text, separator);
  if (!text.includes(separator) || name === '' || name.includes(':'))
    throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  let address = rest;
  if (address !== 'host-gateway') {
    if (address.length > 2 && address.startsWith('[') && address.endsWith(']')) address = address.slice(1, -1);
    if (ipVersion(address) === 0) throw new Error(`invalid IP address in add-host: ${JSON.stringify(rest)}`);
  }
  return `${name}:${address}`;
}

/** The words of Go's os.Open for a file that can't be read. */
export function openError(path: string, error: unknown): string {
  if (isErrno(error, 'ENOENT')) return `open ${path}: no such file or directory`;
  if (isErrno(error, 'EACCES')) return `open ${path}: permission denied`;
  if (isErrno(error, 'EISDIR')) return `read ${path}: is a directory`;
  return `open ${path}: ${error instanceof Error ? error.message : String(error)}`;
}

/** The lines `KEY=value` of an env or label file; a bare key takes its value from `lookup`, or is left out. */
export function readKeyValueFile(path: string, lookup?: (key: string) => string | undefined): string[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(openError(path, error), { cause: error });
  }
  const bad = (what: string): Error => new Error(`invalid env file (${path}): ${what}`);
  const lines: string[] = [];
  for (const raw of content.replace(/^\ufeff/, '').split(/\r?\n/)) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const [key] = cut(line, '=');
    if (key === '') throw bad(`no variable name on line '${line}'`);
    if (/[ \t]/.test(key)) throw bad(`variable '${key}' contains whitespaces`);
    if (line.includes('=')) lines.push(line);
    else {
      const value = lookup?.(line);
      if (value !== undefined) lines.push(`${key}=${value}`);
    }
  }
  return lines;
}

export function toMap(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => cut(pair, '=')));
}
