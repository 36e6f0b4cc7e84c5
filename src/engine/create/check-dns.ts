// Name servers, search domains, options and extra hosts: what they say goes into files of the container, a line each.
import { isIP } from 'node:net';
import { invalid } from '../../base/errors.ts';
import type { HostConfig } from '../../spec/docker/index.ts';

type DnsConfig = Pick<HostConfig, 'Dns' | 'DnsSearch' | 'DnsOptions' | 'ExtraHosts'>;

/** Throws invalid, for servers in the words that dockerd has for them when the container starts. */
export function checkDns({ Dns, DnsSearch, DnsOptions, ExtraHosts }: DnsConfig): void {
  for (const server of Dns ?? []) {
    const fault = addressFault(server);
    if (fault !== undefined)
      throw invalid(`bad nameserver address ${server}: ParseAddr(${JSON.stringify(server)}): ${fault}`);
  }
  // a line break would begin a line of its own, with any meaning
  for (const domain of DnsSearch ?? [])
    if (breaksLine(domain)) throw invalid(`${JSON.stringify(domain)} is not a valid domain`);
  for (const option of DnsOptions ?? [])
    if (breaksLine(option)) throw invalid(`invalid DNS option: ${JSON.stringify(option)}`);
  for (const one of ExtraHosts ?? []) checkExtraHost(one);
}

/** `name:address`, where the address may be `host-gateway`. */
function checkExtraHost(text: string): void {
  const at = text.indexOf(':');
  if (at <= 0 || /[\s#]/.test(text.slice(0, at)) || breaksLine(text))
    throw invalid(`bad format for add-host: ${JSON.stringify(text)}`);
  const address = text.slice(at + 1);
  if (address !== 'host-gateway' && isIP(address) === 0)
    throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
}

const breaksLine = (text: string): boolean => /[\n\r\0\v\f\u2028\u2029]/.test(text);

/** Why Go takes the text for no address; undefined when it is one. */
function addressFault(text: string): string | undefined {
  if (isIP(text) !== 0) return undefined;
  const kind = /[.:%]/.exec(text)?.[0];
  if (kind === '%') return 'missing IPv6 address';
  return kind === '.' ? dottedFault(text) : 'unable to parse IP';
}

function dottedFault(text: string): string {
  const digits = 'IPv4 field must have at least one digit';
  let fields = 0;
  let field = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '.') {
      if (field === '' || at === text.length - 1) return `${digits} (at ${JSON.stringify(text.slice(at))})`;
      if (fields === 3) return 'IPv4 address too long';
      fields += 1;
      field = '';
    } else if (!/\d/.test(char)) return `unexpected character (at ${JSON.stringify(text.slice(at))})`;
    else if (field.startsWith('0')) return 'IPv4 field has octet with leading zero';
    else if (Number((field += char)) > 255) return 'IPv4 field has value >255';
  }
  return 'IPv4 address too short';
}
