// Checks of flags that are texts: environment, labels, addresses, domains, sysctls.
import { dropEnds } from '../../../base/ends.ts';
import { cut } from '../../../base/go-text.ts';
import { ipVersion } from './address.ts';

/** `A=b`; a bare name takes its value from the environment of the client. */
export function checkEnv(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const [name] = cut(text, '=');
  if (name === '') throw new Error(`invalid environment variable: ${text}`);
  if (text.includes('=')) return text;
  const value = env[name];
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

/** `name:ip` or `name=ip` -> a line of /etc/hosts. */
export function hostLine(text: string): string {
  const at = text.search(/[=:]/);
  return `${text.slice(at + 1)} ${text.slice(0, at)}`;
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

export function toMap(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => cut(pair, '=')));
}
