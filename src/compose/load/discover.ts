// Which files make a project, where its directory is and what its environment is: from flags, COMPOSE_ variables and `.env`.
import { dirname, join, resolve } from 'node:path';
import { ComposeError, fail } from '../value/error.ts';
import { type Host, systemError } from './source.ts';
import { type Environment, readEnvFiles } from './tree.ts';

/** What the command line says of the project; all may be absent. */
export interface ProjectOptions {
  readonly files?: readonly string[];
  readonly projectName?: string;
  readonly profiles?: readonly string[];
  readonly envFiles?: readonly string[];
  readonly projectDirectory?: string;
}

export interface Found {
  readonly files: readonly string[];
  readonly directory: string;
  readonly env: Environment;
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
}

const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const OVERRIDES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

export function findProject(options: ProjectOptions, host: Host, warn: (message: string) => void): Found {
  return new Finder(options, host, warn).find();
}

class Finder {
  readonly #options: ProjectOptions;
  readonly #host: Host;
  readonly #warn: (message: string) => void;
  #env: Environment;
  #files: readonly string[];
  #envFiles: readonly string[] = [];

  constructor(options: ProjectOptions, host: Host, warn: (message: string) => void) {
    this.#options = options;
    this.#host = host;
    this.#warn = warn;
    this.#files = options.files ?? [];
    const env: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [name, value] of Object.entries(host.env)) if (value !== undefined) env[name] = value;
    env['PWD'] ??= host.cwd;
    this.#env = env;
  }

  find(): Found {
    // Twice: the file may be found above, and its directory has a `.env` as well.
    this.#readDotEnv();
    this.#fromVariable();
    this.#fromDirectory();
    this.#readDotEnv();
    const profiles = this.#options.profiles ?? [];
    return {
      files: this.#files,
      directory: this.#directory(),
      env: this.#env,
      envFiles: this.#envFiles,
      profiles:
        profiles.length > 0 ? profiles : (this.#env['COMPOSE_PROFILES'] ?? '').split(',').map((name) => name.trim()),
    };
  }

  #absolute(path: string): string {
    return resolve(this.#host.cwd, path);
  }

  #directory(): string {
    const { projectDirectory = '' } = this.#options;
    if (projectDirectory !== '') return this.#absolute(projectDirectory);
    const first = this.#files.find((file) => file !== '-');
    return first === undefined ? this.#host.cwd : dirname(this.#absolute(first));
  }

  #readDotEnv(): void {
    const given = this.#options.envFiles ?? [];
    if (given.length > 0) this.#envFiles = given.map((file) => this.#absolute(file));
    else if (!this.#isDotEnvOff()) {
      const file = join(this.#directory(), '.env');
      if (this.#host.files.kind(file) === 'file') this.#envFiles = [file];
    }
    this.#env = { ...readEnvFiles(this.#envFiles, this.#env, this.#host.files, this.#warn), ...this.#env };
  }

  #isDotEnvOff(): boolean {
    const value = this.#host.env['COMPOSE_DISABLE_ENV_FILE'];
    if (value === undefined) return false;
    if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
    if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
    return fail(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  }

  /** COMPOSE_FILE: several with COMPOSE_PATH_SEPARATOR between them. */
  #fromVariable(): void {
    if (this.#files.length > 0) return;
    const list = this.#env['COMPOSE_FILE'];
    if (list === undefined) return;
    const separator = this.#env['COMPOSE_PATH_SEPARATOR'] || ':';
    this.#files = list.split(separator).map((file) => {
      if (file === '-') return file;
      const path = this.#absolute(file);
      if (this.#host.files.kind(path) === undefined) fail(`stat ${path}: no such file or directory`);
      return path;
    });
  }

  /** In the directory or the nearest one above it that has a file of one of the names. */
  #fromDirectory(): void {
    if (this.#files.length > 0) return;
    for (let directory = this.#directory(); ; directory = dirname(directory)) {
      const file = this.#choose(NAMES, directory, 'config');
      if (file !== undefined) {
        const override = this.#choose(OVERRIDES, directory, 'override');
        this.#files = override === undefined ? [file] : [file, override];
        return;
      }
      if (dirname(directory) === directory) return;
    }
  }

  #choose(names: readonly string[], directory: string, what: string): string | undefined {
    const found = names
      .map((name) => join(directory, name))
      .filter((path) => this.#host.files.kind(path) !== undefined);
    if (found.length > 1) {
      this.#warn(`Found multiple ${what} files with supported names: ${found.join(', ')}`);
      this.#warn(`Using ${found[0]}`);
    }
    return found[0];
  }
}

/** The text of a project's file; `-` is stdin. */
export function readSource(path: string, host: Host): string {
  if (path === '-') return host.stdin();
  try {
    return host.files.read(path);
  } catch (error) {
    throw new ComposeError(systemError(error, 'open', path).message);
  }
}
