// Proxies of the daemon's own requests: dockerd's flags and daemon.json keys. Pure.
import { flag, type Flags } from '../cli/grammar/index.ts';

export const proxyFlags = {
  'http-proxy': flag.string('', 'HTTP proxy URL to use for outgoing traffic'),
  'https-proxy': flag.string('', 'HTTPS proxy URL to use for outgoing traffic'),
  'no-proxy': flag.string('', 'Comma-separated list of hosts or IP addresses for which the proxy is skipped'),
} as const satisfies Flags;

/** Keys of the table `proxies` in daemon.json, with the flag that says the same. */
export const proxyKeys = {
  'http-proxy': 'http-proxy',
  'https-proxy': 'https-proxy',
  'no-proxy': 'no-proxy',
} as const satisfies Record<string, keyof typeof proxyFlags>;

/** The variables that say the same to this process and the programs that it starts; without those that are not set. */
export function proxyVariables(value: (name: keyof typeof proxyFlags) => unknown): Readonly<Record<string, string>> {
  const names = Object.keys(proxyFlags) as (keyof typeof proxyFlags)[];
  const set = names.flatMap((name): [string, string][] => {
    const text = value(name) as string;
    const variable = name.replace('-', '_');
    return text === ''
      ? []
      : [
          [variable, text],
          [variable.toUpperCase(), text],
        ];
  });
  return Object.fromEntries(set);
}
