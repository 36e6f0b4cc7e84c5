// The flags that stand between `compose` and its command, and what they say of the project.
import type { ProjectOptions } from '../../../../compose/index.ts';
import type { Context } from '../../../session/context.ts';
import { parseBool } from '../../../../base/go-text.ts';
import { Failure, flag, type Values } from '../../../grammar/index.ts';

const WORD = { word: 'stringArray' } as const;
const array = (short: string, usage: string) => ({ ...flag.list(short, usage), ...WORD });

/** `env` gives some flags their value where none stands on the command line. */
export function composeFlags(env: Context['env']) {
  return {
    'all-resources': flag.bool('', 'Include all resources, even those not used by services'),
    ansi: flag.string('', 'Control when to print ANSI control characters ("never"|"always"|"auto")', 'auto'),
    compatibility: flag.bool('', 'Run compose in backward compatibility mode'),
    'dry-run': flag.bool('', 'Execute command in dry run mode'),
    'env-file': array('', 'Specify an alternate environment file'),
    file: array('f', 'Compose configuration files'),
    'no-ansi': flag.bool('', 'Do not print ANSI control characters (DEPRECATED)', false, { hidden: true }),
    parallel: flag.int('', 'Control max parallelism, -1 for unlimited', -1),
    profile: array('', 'Specify a profile to enable'),
    progress: flag.string(
      '',
      'Set type of progress output (auto, tty, plain, json, quiet)',
      env['COMPOSE_PROGRESS'] ?? '',
    ),
    'project-directory': flag.string(
      '',
      'Specify an alternate working directory\n(default: the path of the, first specified, Compose file)',
    ),
    'project-name': flag.string('p', 'Project name'),
    verbose: flag.bool('', 'Show more output', false, { hidden: true }),
    version: flag.bool('v', 'Show the Docker Compose version information', false, { hidden: true }),
    workdir: flag.string('', 'DEPRECATED! USE --project-directory INSTEAD.', '', { hidden: true }),
  } as const;
}

export type ComposeFlags = ReturnType<typeof composeFlags>;

/** How progress is shown; `auto` is up to the terminal. */
export type ProgressMode = 'auto' | 'tty' | 'plain' | 'json' | 'quiet';

/** What every command of compose gets to know. */
export interface ComposeSettings {
  readonly project: ProjectOptions & { readonly allResources: boolean };
  readonly compatibility: boolean;
  readonly dryRun: boolean;
  /** at most so many calls to the daemon at once; undefined is no bound */
  readonly parallel: number | undefined;
  readonly progress: ProgressMode;
  readonly ansi: 'never' | 'always' | 'auto';
}

/** Checks the flags against each other and the environment. Throws a Failure in docker compose's words. */
export function settingsOf(
  values: Values<ComposeFlags>,
  isGiven: (name: keyof ComposeFlags) => boolean,
  { env, err }: Pick<Context, 'env' | 'err'>,
): ComposeSettings {
  if (values['no-ansi']) {
    if (values.ansi !== 'auto')
      throw new Failure('cannot specify DEPRECATED "--no-ansi" and "--ansi". Please use only "--ansi"');
    err("option '--no-ansi' is DEPRECATED ! Please use '--ansi' instead.\n");
  }
  const ansi = ansiOf(
    values['no-ansi'] ? 'never' : isGiven('ansi') ? values.ansi : (env['COMPOSE_ANSI'] ?? values.ansi),
    env,
  );
  const envFiles = isGiven('env-file')
    ? values['env-file']
    : (env['COMPOSE_ENV_FILES'] ?? '').split(',').filter(Boolean);
  return {
    project: {
      files: values.file,
      projectName: values['project-name'],
      profiles: values.profile,
      envFiles,
      projectDirectory: directoryOf(values, err),
      allResources: values['all-resources'],
    },
    compatibility: values.compatibility || isTrue(env['COMPOSE_COMPATIBILITY']),
    dryRun: values['dry-run'],
    parallel: parallelOf(values.parallel, isGiven('parallel'), env),
    progress: progressOf(values.progress, ansi),
    ansi,
  };
}

function ansiOf(text: string, env: Context['env']): ComposeSettings['ansi'] {
  if (env['NO_COLOR']) return 'never';
  return text === 'never' || text === 'always' ? text : 'auto';
}

function progressOf(text: string, ansi: ComposeSettings['ansi']): ProgressMode {
  switch (text) {
    case '':
    case 'auto':
      return ansi === 'never' ? 'plain' : ansi === 'always' ? 'tty' : 'auto';
    case 'tty':
      if (ansi === 'never') throw new Failure("can't use --progress tty while ANSI support is disabled");
      return 'tty';
    case 'plain':
      if (ansi === 'always') throw new Failure("can't use --progress plain while ANSI support is forced");
      return 'plain';
    case 'quiet':
    case 'none':
      return 'quiet';
    case 'json':
      return 'json';
    default:
      throw new Failure(`unsupported --progress value ${JSON.stringify(text)}`);
  }
}

function directoryOf(values: Values<ComposeFlags>, err: (text: string) => void): string {
  if (values.workdir === '') return values['project-directory'];
  if (values['project-directory'] !== '')
    throw new Failure(
      'cannot specify DEPRECATED "--workdir" and "--project-directory". Please use only "--project-directory" instead',
    );
  err("\x1b[31moption '--workdir' is DEPRECATED at root level! Please use '--project-directory' instead.\n\x1b[0m");
  return values.workdir;
}

function parallelOf(value: number, isGiven: boolean, env: Context['env']): number | undefined {
  const text = env['COMPOSE_PARALLEL_LIMIT'];
  if (isGiven || text === undefined) return value > 0 ? value : undefined;
  if (!/^[-+]?\d+$/.test(text))
    throw new Failure(`COMPOSE_PARALLEL_LIMIT must be an integer (found: ${JSON.stringify(text)})`);
  return Number(text) > 0 ? Number(text) : undefined;
}

function isTrue(text: string | undefined): boolean {
  try {
    return text !== undefined && parseBool(text.trim().toLowerCase());
  } catch {
    return false;
  }
}
