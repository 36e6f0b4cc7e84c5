// The daemon's settings: flags over daemon.json over defaults. Pure; what two places set differently is refused, as dockerd does.
import { invalid } from '../base/errors.ts';
import type { LogLevel } from '../base/log.ts';
import { flag, type Flags, parseFlags } from '../cli/grammar/index.ts';
import type { RuntimeTable } from '../runtime/index.ts';
import {
  containerFlags,
  containerKeys,
  type ContainerOptions,
  containerOptions,
  containerShapes,
} from './container-options.ts';
import { foreignFlags, foreignKeys, foreignShapes, KEYS_WITHOUT_EFFECT, withoutEffect } from './foreign-options.ts';
import { networkFlags, networkKeys, type NetworkOptions, networkOptions, networkShapes } from './network-options.ts';
import { proxyFlags, proxyKeys, proxyVariables } from './proxy-options.ts';
import { isTable } from './shape.ts';

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate signed by `ca`. */
  readonly verify: boolean;
}

export interface DaemonOptions {
  readonly hosts: readonly string[];
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidfile: string;
  readonly logLevel: LogLevel;
  readonly group: string;
  readonly labels: readonly string[];
  readonly runtimes: RuntimeTable;
  readonly defaultRuntime: string;
  readonly cgroupParent: string;
  readonly initPath: string;
  readonly conmon: string;
  /** Containers go on when the daemon is asked to end. */
  readonly liveRestore: boolean;
  /** Seconds that containers get to end when the daemon ends and does not leave them running. */
  readonly shutdownTimeout: number;
  readonly tls: TlsFiles | undefined;
  readonly insecureRegistries: readonly string[];
  /** Addresses that are asked before a registry itself, by registry. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** Directories with certificates for registries. */
  readonly registryCerts: readonly string[];
  readonly maxDownloads: number;
  readonly maxUploads: number;
  readonly maxDownloadAttempts: number;
  /** How layers that were made here are compressed for a registry. */
  readonly pushCompression: 'gzip' | 'zstd';
  /** TCP without TLS on an address that others can reach. */
  readonly allowInsecureTcp: boolean;
  readonly network: NetworkOptions;
  readonly containers: ContainerOptions;
  /** Settings of dockerd that were given and have no effect. */
  readonly ignored: readonly string[];
  /** Variables to be set: HTTP_PROXY and the like. */
  readonly proxies: Readonly<Record<string, string>>;
}

export const daemonFlags = {
  'add-runtime': flag.list('', 'Register an additional OCI compatible runtime'),
  'allow-insecure-tcp': flag.bool('', 'Listen on TCP without TLS even where other machines can connect'),
  'cgroup-parent': flag.string('', 'Set parent cgroup for all containers'),
  'config-file': flag.string('', 'Daemon configuration file', '/etc/berth/daemon.json'),
  conmon: flag.string('', 'Path to the container monitor', 'conmon'),
  'data-root': flag.string('', 'Root directory of persistent state', '/var/lib/berth'),
  debug: flag.bool('D', 'Enable debug mode'),
  'default-runtime': flag.string('', 'Default OCI runtime for containers (the first that works when not given)'),
  'exec-root': flag.string('', 'Root directory for execution state files', '/run/berth'),
  group: flag.string('G', 'Group for the unix socket', 'docker'),
  help: flag.bool('', 'Print usage'),
  host: flag.list('H', 'Daemon socket(s) to connect to'),
  'init-path': flag.string('', 'Path to the docker-init binary'),
  'insecure-registry': flag.list('', 'Enable insecure registry communication'),
  label: flag.list('', 'Set key=value labels to the daemon'),
  'live-restore': flag.bool('', 'Leave containers running when the daemon ends', true),
  'log-level': flag.string('l', 'Set the logging level ("debug"|"info"|"warn"|"error"|"fatal")', 'info'),
  'max-concurrent-downloads': flag.int('', 'Set the max concurrent downloads', 3),
  'max-concurrent-uploads': flag.int('', 'Set the max concurrent uploads', 5),
  'max-download-attempts': flag.int('', 'Set the max download attempts for each pull', 5),
  pidfile: flag.string('p', 'Path to use for daemon PID file (in the exec root when not given)'),
  'push-compression': flag.string('', 'Compression of pushed layers that were made here ("gzip"|"zstd")', 'gzip'),
  'registry-certs': flag.string(
    '',
    'Directory of certificates for registries (/etc/berth/certs.d and /etc/docker/certs.d when not given)',
  ),
  'registry-mirror': flag.list('', 'Preferred Docker registry mirror'),
  'shutdown-timeout': flag.int('', 'Set the default shutdown timeout', 15),
  tls: flag.bool('', 'Use TLS; implied by --tlsverify'),
  tlscacert: flag.string('', 'Trust certs signed only by this CA', '/etc/berth/tls/ca.pem'),
  tlscert: flag.string('', 'Path to TLS certificate file', '/etc/berth/tls/cert.pem'),
  tlskey: flag.string('', 'Path to TLS key file', '/etc/berth/tls/key.pem'),
  tlsverify: flag.bool('', 'Use TLS and verify the remote'),
  validate: flag.bool('', 'Validate daemon configuration and exit'),
  version: flag.bool('v', 'Print version information and quit'),
  ...containerFlags,
  ...networkFlags,
  ...proxyFlags,
  ...foreignFlags,
} as const satisfies Flags;

type FlagName = keyof typeof daemonFlags;

/** daemon.json keys, with the flag that says the same; a key that Docker does not know either is refused. */
const CONFIG_KEYS: Readonly<Record<string, FlagName>> = {
  'cgroup-parent': 'cgroup-parent',
  'data-root': 'data-root',
  debug: 'debug',
  'default-runtime': 'default-runtime',
  'exec-root': 'exec-root',
  group: 'group',
  hosts: 'host',
  'init-path': 'init-path',
  'insecure-registries': 'insecure-registry',
  labels: 'label',
  'live-restore': 'live-restore',
  'log-level': 'log-level',
  'max-concurrent-downloads': 'max-concurrent-downloads',
  'max-concurrent-uploads': 'max-concurrent-uploads',
  'max-download-attempts': 'max-download-attempts',
  pidfile: 'pidfile',
  'push-compression': 'push-compression',
  'registry-certs': 'registry-certs',
  'registry-mirrors': 'registry-mirror',
  runtimes: 'add-runtime',
  'shutdown-timeout': 'shutdown-timeout',
  tls: 'tls',
  tlscacert: 'tlscacert',
  tlscert: 'tlscert',
  tlskey: 'tlskey',
  tlsverify: 'tlsverify',
  ...containerKeys,
  ...networkKeys,
  ...proxyKeys,
  ...foreignKeys,
};

export type Parsed =
  | { readonly kind: 'help' }
  | { readonly kind: 'valid' }
  | { readonly kind: 'version' }
  | { readonly kind: 'options'; readonly options: DaemonOptions };

/** `readConfig` gives the text of a file, or undefined when there is none; only a file that was asked for must exist. */
export function daemonOptions(argv: readonly string[], readConfig: (file: string) => string | undefined): Parsed {
  const parsed = parseFlags(daemonFlags, argv);
  if (parsed.error !== undefined) throw invalid(`${parsed.error}\nSee 'berth daemon --help'.`);
  if (parsed.help) return { kind: 'help' };
  if (parsed.args.length > 0) throw invalid(`"berth daemon" accepts no arguments.\nSee 'berth daemon --help'.`);
  const values = parsed.values as Map<FlagName, unknown>;
  if (values.get('version') === true) return { kind: 'version' };
  const file = values.get('config-file') as string;
  const text = readConfig(file);
  if (text === undefined && parsed.changed.has('config-file'))
    throw invalid(`unable to configure the daemon with file ${file}: open ${file}: no such file or directory`);
  const runtimes: Record<string, { path: string; runtimeArgs?: readonly string[] }> = {};
  const mirrors: Record<string, readonly string[]> = {};
  const idle: string[] = [];
  if (text !== undefined) mergeConfig(file, text, values, parsed.changed, { runtimes, mirrors, idle });
  for (const one of values.get('add-runtime') as string[]) {
    const [name, path] = parseAddRuntime(one);
    runtimes[name] = { path };
  }
  const options = optionsOf(values, runtimes, mirrors, idle);
  return values.get('validate') === true ? { kind: 'valid' } : { kind: 'options', options };
}

/** What only a file can say: tables by name. */
interface Tables {
  readonly runtimes: Record<string, { path: string; runtimeArgs?: readonly string[] }>;
  readonly mirrors: Record<string, readonly string[]>;
  /** Keys without effect. */
  readonly idle: string[];
}

function mergeConfig(
  file: string,
  text: string,
  values: Map<FlagName, unknown>,
  changed: ReadonlySet<string>,
  { runtimes, mirrors, idle }: Tables,
): void {
  let config: unknown;
  try {
    config = JSON.parse(text.trim() === '' ? '{}' : text);
  } catch (error) {
    throw invalid(
      `unable to configure the daemon with file ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!isTable(config)) throw invalid(`unable to configure the daemon with file ${file}: not a JSON object`);
  const { proxies = {}, ...others } = config;
  if (!isTable(proxies)) throw invalid(`unable to configure the daemon with file ${file}: proxies must be an object`);
  const entries = Object.entries({ ...others, ...proxies });
  const unknown = entries
    .map(([key]) => key)
    .filter((key) => key !== 'mirrors' && !KEYS_WITHOUT_EFFECT.has(key) && !Object.hasOwn(CONFIG_KEYS, key));
  if (unknown.length > 0)
    throw invalid(
      `unable to configure the daemon with file ${file}: the following directives don't match any configuration option: ${unknown.join(', ')}`,
    );
  for (const [key, given] of entries) {
    if (KEYS_WITHOUT_EFFECT.has(key)) {
      idle.push(key);
      continue;
    }
    if (key === 'mirrors') {
      Object.assign(mirrors, mirrorTable(file, given));
      continue;
    }
    const shape = SHAPES[key];
    const value = shape ? shape(given) : given;
    const name = CONFIG_KEYS[key] as FlagName;
    if (changed.has(name))
      throw invalid(
        `unable to configure the daemon with file ${file}: the following directives are specified both as a flag and in the configuration file: ${key}`,
      );
    if (key === 'runtimes') {
      for (const [runtime, request] of Object.entries(
        value as Record<string, { path?: unknown; runtimeArgs?: readonly string[] }>,
      )) {
        if (typeof request.path !== 'string')
          throw invalid(`unable to configure the daemon with file ${file}: runtime ${runtime} has no path`);
        runtimes[runtime] = {
          path: request.path,
          ...(request.runtimeArgs ? { runtimeArgs: request.runtimeArgs } : {}),
        };
      }
      continue;
    }
    const initial = daemonFlags[name].initial as unknown;
    const fits = Array.isArray(initial)
      ? Array.isArray(value) && value.every((one) => typeof one === 'string')
      : typeof value === typeof initial;
    if (!fits)
      throw invalid(
        `unable to configure the daemon with file ${file}: ${key} must be ${Array.isArray(initial) ? 'a list of strings' : `a ${typeof initial}`}`,
      );
    values.set(name, value);
  }
}

const SHAPES = { ...networkShapes, ...containerShapes, ...foreignShapes };

/** `{"docker.io": ["https://…"], "ghcr.io": […]}`: Docker has mirrors for one registry only. */
function mirrorTable(file: string, value: unknown): Record<string, readonly string[]> {
  const good =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((list) => Array.isArray(list) && list.every((one) => typeof one === 'string'));
  if (!good)
    throw invalid(
      `unable to configure the daemon with file ${file}: mirrors must be an object with a list of addresses for each registry`,
    );
  return value as Record<string, readonly string[]>;
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];

function optionsOf(
  values: Map<FlagName, unknown>,
  runtimes: RuntimeTable,
  mirrors: Readonly<Record<string, readonly string[]>>,
  idle: readonly string[],
): DaemonOptions {
  const text = (name: FlagName): string => values.get(name) as string;
  const list = (name: FlagName): readonly string[] => values.get(name) as readonly string[];
  const on = (name: FlagName): boolean => values.get(name) as boolean;
  const logLevel = on('debug') ? 'debug' : text('log-level');
  const pushCompression = text('push-compression');
  if (pushCompression !== 'gzip' && pushCompression !== 'zstd')
    throw invalid(`invalid push compression: ${pushCompression} (gzip or zstd)`);
  if (!LEVELS.includes(logLevel)) throw invalid(`invalid logging level: ${logLevel}`);
  for (const label of list('label')) if (!label.includes('=')) throw invalid(`bad attribute format: ${label}`);
  const positive = (name: 'max-concurrent-downloads' | 'max-concurrent-uploads' | 'max-download-attempts'): number => {
    const value = values.get(name) as number;
    if (value < 0 || (value === 0 && name === 'max-download-attempts'))
      throw invalid(`invalid ${name.replaceAll('-', ' ')}: ${value}`);
    // none said means as many as usual
    return value === 0 ? daemonFlags[name].initial : value;
  };
  const execRoot = text('exec-root');
  const hosts = list('host');
  return {
    hosts: hosts.length > 0 ? hosts : [`unix://${execRoot}/berth.sock`],
    dataRoot: text('data-root'),
    execRoot,
    pidfile: text('pidfile') === '' ? `${execRoot}/berth.pid` : text('pidfile'),
    logLevel: logLevel as LogLevel,
    group: text('group'),
    labels: list('label'),
    runtimes,
    defaultRuntime: text('default-runtime'),
    cgroupParent: text('cgroup-parent'),
    initPath: text('init-path'),
    conmon: text('conmon'),
    liveRestore: on('live-restore'),
    shutdownTimeout: values.get('shutdown-timeout') as number,
    tls:
      on('tls') || on('tlsverify')
        ? { ca: text('tlscacert'), cert: text('tlscert'), key: text('tlskey'), verify: on('tlsverify') }
        : undefined,
    insecureRegistries: list('insecure-registry'),
    mirrors: {
      ...mirrors,
      ...(list('registry-mirror').length > 0
        ? { 'docker.io': [...list('registry-mirror'), ...(mirrors['docker.io'] ?? [])] }
        : {}),
    },
    registryCerts:
      text('registry-certs') === '' ? ['/etc/berth/certs.d', '/etc/docker/certs.d'] : [text('registry-certs')],
    maxDownloads: positive('max-concurrent-downloads'),
    maxUploads: positive('max-concurrent-uploads'),
    maxDownloadAttempts: positive('max-download-attempts'),
    pushCompression,
    allowInsecureTcp: on('allow-insecure-tcp'),
    network: networkOptions((name) => values.get(name)),
    containers: containerOptions((name) => values.get(name)),
    ignored: [...withoutEffect((name) => values.get(name)), ...idle].toSorted(),
    proxies: proxyVariables((name) => values.get(name)),
  };
}

/** `name=path` of --add-runtime. */
function parseAddRuntime(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) throw invalid(`invalid runtime: ${text} (want name=path)`);
  return [text.slice(0, at), text.slice(at + 1)];
}
