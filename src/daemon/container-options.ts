// What containers get that say nothing of their own: dockerd's flags and daemon.json keys. Pure.
import { before } from '../base/ends.ts';
import { invalid, messageOf } from '../base/errors.ts';
import { parseUlimit } from '../base/ulimit.ts';
import { parseBytes } from '../base/units.ts';
import { flag, type Flags } from '../cli/grammar/index.ts';
import { isTable, listOf, type Shape } from './shape.ts';

export const containerFlags = {
  'default-cgroupns-mode': flag.string('', 'Default mode for containers cgroup namespace ("host" | "private")'),
  'default-ipc-mode': flag.string('', 'Default mode for containers ipc ("shareable" | "private")', 'private'),
  'default-shm-size': flag.string('', 'Default shm size for containers', '64MiB'),
  'default-ulimit': flag.list('', 'Default ulimits for containers'),
  init: flag.bool('', 'Run an init in the container to forward signals and reap processes'),
  'log-driver': flag.string('', 'Default driver for container logs', 'json-file'),
  'log-opt': flag.list('', 'Default log driver options for containers'),
  'no-new-privileges': flag.bool('', 'Set no-new-privileges by default for new containers'),
  'seccomp-profile': flag.string(
    '',
    'Path to seccomp profile. Set to "unconfined" to disable the default seccomp profile',
    'builtin',
  ),
} as const satisfies Flags;

/** Keys of daemon.json, with the flag that says the same. */
export const containerKeys = {
  'default-cgroupns-mode': 'default-cgroupns-mode',
  'default-ipc-mode': 'default-ipc-mode',
  'default-shm-size': 'default-shm-size',
  'default-ulimits': 'default-ulimit',
  init: 'init',
  'log-driver': 'log-driver',
  'log-opts': 'log-opt',
  'no-new-privileges': 'no-new-privileges',
  'seccomp-profile': 'seccomp-profile',
} as const satisfies Record<string, keyof typeof containerFlags>;

/** The keys whose JSON has another shape than the flag's words; undefined for what does not fit. */
export const containerShapes: Readonly<Record<string, Shape>> = {
  'default-shm-size': (value) => (typeof value === 'number' ? String(value) : value),
  'default-ulimits': (value) =>
    isTable(value)
      ? listOf(Object.entries(value), ([name, limit]) => {
          const { Soft, Hard } = isTable(limit) ? limit : {};
          return typeof Soft === 'number' && typeof Hard === 'number' ? `${name}=${Soft}:${Hard}` : undefined;
        })
      : undefined,
  'log-opts': (value) =>
    isTable(value)
      ? listOf(Object.entries(value), ([key, text]) => (typeof text === 'string' ? `${key}=${text}` : undefined))
      : undefined,
};

export interface ContainerOptions {
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  /** bytes */
  readonly shmSize: number;
  readonly ipcMode: 'private' | 'shareable';
  /** Absent: as the version of control groups has it. */
  readonly cgroupnsMode?: 'private' | 'host';
  readonly ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
  /** `builtin`, `unconfined` or a file. */
  readonly seccompProfile: string;
}

export function containerOptions(value: (name: keyof typeof containerFlags) => unknown): ContainerOptions {
  const text = (name: keyof typeof containerFlags): string => value(name) as string;
  const list = (name: keyof typeof containerFlags): readonly string[] => value(name) as readonly string[];
  const ipcMode = text('default-ipc-mode') || 'private';
  if (ipcMode !== 'private' && ipcMode !== 'shareable')
    throw invalid(`IPC mode "${ipcMode}" is not supported as default value; use "shareable" or "private"`);
  const cgroupnsMode = text('default-cgroupns-mode');
  if (cgroupnsMode !== '' && cgroupnsMode !== 'private' && cgroupnsMode !== 'host')
    throw invalid(`default cgroup namespace mode (${cgroupnsMode}) is invalid; use "host" or "private"`);
  const shmSize = parseBytes(text('default-shm-size'));
  if (shmSize === undefined) throw invalid(`invalid default-shm-size: ${text('default-shm-size')}`);
  return {
    logDriver: text('log-driver') || 'json-file',
    logOptions: Object.fromEntries(list('log-opt').map(logOption)),
    shmSize,
    ipcMode,
    ...(cgroupnsMode === '' ? {} : { cgroupnsMode }),
    ulimits: [...new Map(list('default-ulimit').map(ulimit)).values()],
    init: value('init') as boolean,
    noNewPrivileges: value('no-new-privileges') as boolean,
    seccompProfile: text('seccomp-profile') || 'builtin',
  };
}

/** By its name: the last one counts. */
function ulimit(text: string): [string, ReturnType<typeof parseUlimit>] {
  try {
    const limit = parseUlimit(text);
    return [limit.Name, limit];
  } catch (error) {
    throw invalid(messageOf(error));
  }
}

function logOption(text: string): [string, string] {
  const key = before(text, '=');
  return [key, text.slice(key.length + 1)];
}
