// The passes that make one tree of all files: parse, interpolate, extends, include, merge, check, canonical forms, defaults, paths.
import { dirname, isAbsolute, join, relative } from 'node:path';
import { canonical } from './canonical.ts';
import { check, setDefaults } from './defaults.ts';
import { parseEnv } from './dotenv.ts';
import { ComposeError, dotted, fail, type Path, type Position } from '../value/error.ts';
import { interpolate } from './interpolate.ts';
import { mergeFiles, mergeServices } from './merge.ts';
import { type Parsed, parseYaml } from './parse.ts';
import { resolvePaths } from './paths.ts';
import { validate } from './schema.ts';
import { cleanPath } from '../short/volume.ts';
import { type Files, systemError } from './source.ts';
import { clone, type Dict, dict, has, isDict, same, sprint, type Value } from '../value/value.ts';
import { dropDuplicates } from './unique.ts';
import { SECRET_VALUE } from './fields.ts';

export interface TreeOptions {
  readonly files: Files;
  readonly home: string | undefined;
  readonly interpolates: boolean;
  readonly resolvesPaths: boolean;
  readonly warn: (message: string) => void;
}

export interface SourceFile {
  readonly name: string;
  /** read from `name` when it is not given */
  readonly text?: string;
}

export type Environment = Readonly<Record<string, string>>;

interface Scope extends TreeOptions {
  /** what relative paths in this file start from; relative itself while a file is loaded for another */
  readonly directory: string;
  /** where `extends` and `include` of this file look for files */
  readonly base: string;
  readonly env: Environment;
  readonly included: readonly string[];
}

/** Bounds that a project made by people does not meet; see docs/limits.md. */
const MAX_FILES = 200;
const MAX_EXTENDS = 200;

/** Loads the files of one project. */
export function loadTree(
  files: readonly SourceFile[],
  directory: string,
  env: Environment,
  options: TreeOptions,
): Dict {
  return new TreeLoader(options).model(files, { ...options, directory, base: directory, env, included: [] });
}

class TreeLoader {
  readonly #options: TreeOptions;
  readonly #outdated = new Set<string>();
  #count = 0;

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  model(files: readonly SourceFile[], scope: Scope): Dict {
    let tree = dict();
    for (const file of files) tree = this.#file(file, tree, scope);
    const locate = this.#locator;
    return at(locate, () => {
      setDefaults(tree);
      check(tree);
      if (scope.resolvesPaths)
        resolvePaths(tree, { directory: scope.directory, home: scope.home, real: scope.files.real });
      takeFromEnvironment(tree, scope.env);
      return tree;
    });
  }

  /** where a path of the file that was read last is */
  #locator: (path: Path) => Position | undefined = () => undefined;

  #parse(file: SourceFile): Parsed[] {
    this.#count += 1;
    if (this.#count > MAX_FILES) fail(`more than ${MAX_FILES} files are loaded by this project`);
    return parseYaml(file.text ?? readFile(this.#options.files, file.name), file.name);
  }

  #file(file: SourceFile, into: Dict, scope: Scope): Dict {
    let tree = into;
    for (const document of this.#parse(file)) {
      const locate = document.locate;
      tree = at(locate, () => {
        const own = this.#read(document, scope);
        this.#extends(own, file.name, document.resets, scope);
        tree = forget(tree, document.resets);
        this.#include(own, file.name, scope);
        return this.#accept(mergeFiles(tree, own), file.name, scope.interpolates, true);
      });
      this.#locator = locate;
    }
    return tree;
  }

  /** A document as a mapping with its variables filled in. */
  #read(document: Parsed, scope: Scope): Dict {
    if (!isDict(document.value)) fail('top-level object must be a mapping');
    if (!scope.interpolates) return document.value;
    const unset = (name: string): void =>
      this.#options.warn(`The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string.`);
    return interpolate(document.value, { lookup: (name) => own(scope.env, name), unset, warn: this.#options.warn });
  }

  /** Checks what was merged, and brings it to the long forms. */
  #accept(tree: Dict, file: string, interpolates: boolean, validates: boolean): Dict {
    dropDuplicates(tree);
    if (validates) {
      try {
        validate(tree);
      } catch (error) {
        throw error instanceof ComposeError
          ? new ComposeError(
              `validating ${file}: ${error.message}`,
              error.path === undefined ? {} : { path: error.path },
            )
          : error;
      }
      if (has(tree, 'version')) {
        this.#warnVersion(file);
        delete tree['version'];
      }
    }
    canonical(tree, { hasTemplates: !interpolates, warn: this.#options.warn });
    dropDuplicates(tree);
    return tree;
  }

  #warnVersion(file: string): void {
    if (this.#outdated.has(file)) return;
    this.#outdated.add(file);
    this.#options.warn(
      `${file}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
    );
  }

  #extends(tree: Dict, file: string, resets: readonly Path[], scope: Scope): void {
    const services = tree['services'];
    if (services === undefined) return;
    if (!isDict(services)) throw new ComposeError('services must be a mapping', { path: ['services'] });
    for (const name in services) this.#extend(name, services, { file, scope, trail: [], resets: [resets] });
  }

  /** The service with what it extends merged below it; the result replaces it among its services. */
  #extend(name: string, services: Dict, from: Extending): Value {
    const service = services[name];
    if (service === undefined || service === null) return null;
    if (!isDict(service)) throw new ComposeError(`services.${name} must be a mapping`, { path: ['services', name] });
    const reference = service['extends'];
    if (reference === undefined) return service;
    const path: Path = ['services', name, 'extends'];
    const { ref, file } = referenceOf(reference, name, path);
    const source = this.#sourceOf(name, ref, file, services, from, path);
    const trail = extendTrail(from.trail, { file: file ?? from.file, service: name }, path);
    // Paths in the other file, also those of what it extends in turn, are relative to this one's directory by now.
    const base = this.#extend(ref, source.services, { ...from, trail, resets: [source.resets] });
    if (!isDict(base)) return service;
    const wrapped = dict({ services: dict({ [name]: clone(base) }) });
    for (const paths of from.resets) forgetIn(wrapped, paths);
    const below = (wrapped['services'] as Dict)[name];
    const merged = mergeServices(isDict(below) ? below : dict(), service, name);
    delete merged['extends'];
    services[name] = merged;
    return merged;
  }

  #sourceOf(
    name: string,
    ref: string,
    file: string | undefined,
    services: Dict,
    from: Extending,
    path: Path,
  ): { services: Dict; resets: readonly Path[] } {
    if (file === undefined) {
      if (!has(services, ref))
        throw new ComposeError(
          `cannot extend service ${JSON.stringify(name)} in ${from.file}: service ${JSON.stringify(ref)} not found`,
          { path },
        );
      return { services, resets: [] };
    }
    return this.#otherFile(name, ref, file, from, path);
  }

  /** The services of another file, with the paths in it made relative to this one's directory. */
  #otherFile(
    name: string,
    ref: string,
    file: string,
    from: Extending,
    path: Path,
  ): { services: Dict; resets: readonly Path[] } {
    refuseRemote(file, path);
    const { scope } = from;
    const local = isAbsolute(file) ? file : cleanPath(join(scope.base, file));
    const directory = relativeTo(scope.base, dirname(local));
    const inner: Scope = { ...scope, base: dirname(local), directory };
    let tree = dict();
    const resets: Path[] = [];
    for (const document of this.#parse({ name: local }))
      tree = at(document.locate, () => {
        resets.push(...document.resets);
        return this.#accept(
          mergeFiles(forget(tree, document.resets), this.#read(document, inner)),
          local,
          scope.interpolates,
          false,
        );
      });
    const services = tree['services'];
    const refuse = (why: string): never => {
      throw new ComposeError(`cannot extend service ${JSON.stringify(name)} in ${why}`, { path });
    };
    if (services === undefined) return refuse(`${local}: no services section`);
    if (!isDict(services)) return refuse(`${local}: services must be a mapping`);
    if (!has(services, ref)) return refuse(`${from.file}: service ${JSON.stringify(ref)} not found in ${file}`);
    resolvePaths(tree, { directory, home: scope.home, real: scope.files.real });
    return { services, resets };
  }

  #include(tree: Dict, file: string, scope: Scope): void {
    const included = tree['include'];
    if (included === undefined) return;
    delete tree['include'];
    if (included === null) return;
    if (!Array.isArray(included)) fail(`\`include\` must be a list, got ${sprint(included)}`, ['include']);
    included.forEach((item, index) => {
      const path: Path = ['include', index];
      const entry = isDict(item) ? item : dict({ path: item });
      importAll(this.#included(entry, file, scope, path), tree);
    });
  }

  #included(entry: Dict, file: string, scope: Scope, path: Path): Dict {
    const paths = textsOf(entry['path']);
    for (const one of paths) refuseRemote(one, path);
    const located = paths.map((one) => (isAbsolute(one) ? one : cleanPath(join(scope.base, one))));
    const main = located[0] ?? scope.base;
    const given = typeof entry['project_directory'] === 'string' ? entry['project_directory'] : '';
    const project = given === '' ? dirname(main) : isAbsolute(given) ? given : cleanPath(join(scope.directory, given));
    const directory =
      given !== '' && isAbsolute(given)
        ? given
        : relativeTo(scope.base, given === '' ? dirname(main) : join(scope.base, given));
    const chain = [...scope.included, file];
    if (chain.includes(main))
      throw new ComposeError(`include cycle detected:\n${[chain[0], ...chain.slice(1), main].join('\n include ')}`, {
        path,
      });
    const env = { ...this.#includedEnv(entry['env_file'], project, scope), ...scope.env };
    return this.model(
      located.map((name) => ({ name })),
      // Paths of what is included are resolved whatever is asked for the rest.
      { ...scope, directory, base: project, env, included: chain, resolvesPaths: true },
    );
  }

  #includedEnv(given: Value | undefined, project: string, scope: Scope): Environment {
    const own = join(project, '.env');
    const named = textsOf(given);
    const files = named.length > 0 ? named : scope.files.kind(own) === 'file' ? [own] : [];
    const paths = files.map((file) => {
      if (isAbsolute(file)) return file;
      const path = join(scope.directory, file);
      const kind = scope.files.kind(path);
      if (kind === undefined) fail(`stat ${path}: no such file or directory`);
      if (kind === 'directory') fail(`${path} is not a file`);
      return path;
    });
    return readEnvFiles(paths, scope.env, scope.files, this.#options.warn);
  }
}

interface Extending {
  readonly file: string;
  readonly scope: Scope;
  readonly trail: readonly Step[];
  readonly resets: readonly (readonly Path[])[];
}

interface Step {
  readonly file: string;
  readonly service: string;
}

/** One step more; throws when it has been made before. */
function extendTrail(trail: readonly Step[], step: Step, path: Path): readonly Step[] {
  if (trail.some((before) => before.file === step.file && before.service === step.service)) {
    const [first, ...rest] = [...trail, step];
    const lines = [
      'Circular reference:',
      `  ${first?.service} in ${first?.file}`,
      ...rest.map((each) => `  extends ${each.service} in ${each.file}`),
    ];
    throw new ComposeError(lines.join('\n'), { path });
  }
  if (trail.length >= MAX_EXTENDS)
    throw new ComposeError(`more than ${MAX_EXTENDS} services extend each other in a row`, { path });
  return [...trail, step];
}

function referenceOf(reference: Value, name: string, path: Path): { ref: string; file?: string } {
  if (typeof reference === 'string') return { ref: reference };
  const service = isDict(reference) ? reference['service'] : undefined;
  if (!isDict(reference) || typeof service !== 'string')
    throw new ComposeError(`extends.${name}.service is required`, { path });
  const file = reference['file'];
  return file === undefined || file === null ? { ref: service } : { ref: service, file: sprint(file) };
}

/** Runs a pass; a fault in it gets the line where it is. */
function at<T>(locate: (path: Path) => Position | undefined, pass: () => T): T {
  try {
    return pass();
  } catch (error) {
    if (!(error instanceof ComposeError) || error.position !== undefined || error.path === undefined) throw error;
    throw new ComposeError(error.message, { path: error.path, position: locate(error.path) });
  }
}

/** Where a file outside this machine is meant: docker compose fetches it, Berth says that it does not. */
function refuseRemote(file: string, path: Path): void {
  if (/^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@|oci:\/\/|github\.com\/)/.test(file))
    throw new ComposeError(`remote resource ${JSON.stringify(file)} is not implemented`, { path });
}

export function readFile(files: Files, path: string): string {
  try {
    return files.read(path);
  } catch (error) {
    throw systemError(error, 'open', path);
  }
}

function relativeTo(base: string, path: string): string {
  const found = relative(base, path);
  return found === '' ? '.' : found;
}

function textsOf(value: Value | undefined): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map((item) => sprint(item)) : [sprint(value)];
}

/** A tree without what `!reset` and `!override` name. */
function forget(tree: Dict, paths: readonly Path[]): Dict {
  if (paths.length > 0) forgetIn(tree, paths);
  return tree;
}

function forgetIn(tree: Dict, paths: readonly Path[]): void {
  for (const path of paths) {
    let node: Value | undefined = tree;
    for (const step of path.slice(0, -1)) node = isDict(node) && typeof step === 'string' ? node[step] : undefined;
    const last = path.at(-1);
    if (isDict(node) && typeof last === 'string') delete node[last];
  }
}

const IMPORTED = ['services', 'volumes', 'networks', 'secrets', 'configs', 'models'];

/** Adds what a file includes; the same thing twice is a conflict unless both are equal. */
function importAll(source: Dict, target: Dict): void {
  for (const kind of IMPORTED) {
    const from = source[kind];
    if (!isDict(from)) continue;
    const held = target[kind];
    const to = isDict(held) ? held : dict();
    for (const name in from) {
      const before = to[name];
      const value = from[name] as Value;
      if (before !== undefined && !same(before, value))
        throw new ComposeError(`${dotted([kind, name])} conflicts with imported resource`, { path: [kind, name] });
      to[name] = value;
    }
    target[kind] = to;
  }
}

/** Bare names in an `environment` list get the project's values; so do secrets and configs that are variables. */
function takeFromEnvironment(tree: Dict, env: Environment): void {
  for (const service of dictsOf(tree['services'])) {
    const lines = service['environment'];
    if (!Array.isArray(lines)) continue;
    service['environment'] = lines
      .filter((line) => typeof line === 'string')
      .map((line) => {
        const value = own(env, line);
        return value === undefined ? line : `${line}=${value}`;
      });
  }
  for (const [kind, key] of [
    ['secrets', SECRET_VALUE],
    ['configs', 'content'],
  ] as const)
    for (const resource of dictsOf(tree[kind])) {
      const name = resource['environment'];
      const value = typeof name === 'string' ? own(env, name) : undefined;
      if (value !== undefined) resource[key] = value;
    }
}

function dictsOf(value: Value | undefined): Dict[] {
  return isDict(value) ? Object.values(value).filter((item) => isDict(item)) : [];
}

export function own(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** The variables of `.env` files: later ones go before earlier ones, the given environment before all for `$NAME`. */
export function readEnvFiles(
  paths: readonly string[],
  env: Environment,
  files: Files,
  warn: (message: string) => void,
): Environment {
  const found = new Map<string, string>();
  for (const path of paths) {
    const kind = files.kind(path);
    if (kind === undefined) fail(`couldn't find env file: ${path}`);
    if (kind === 'directory') fail(`${path} is a directory`);
    const text = readFile(files, path);
    try {
      parseEnv(text, found, {
        lookup: (name) => own(env, name) ?? found.get(name),
        unset: (name) => warn(`The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string.`),
      });
    } catch (error) {
      throw new ComposeError(`failed to read ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return Object.fromEntries(found);
}
