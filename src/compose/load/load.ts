// From files to the canonical project, in passes:
//
//  1. find     which files, which directory, `.env`, COMPOSE_ variables        find.ts, dotenv.ts
//  2. name     of the project                                                  name.ts
//  then for each file, and for each file that one extends or includes:
//  3. parse    text -> values, with the lines kept for messages                parse.ts, scalar.ts
//  4. fill in  variables, and cast what they give                              interpolate.ts, template.ts
//  5. extends  a service over another                                          tree.ts, merge.ts
//  6. include  projects within the project                                     tree.ts
//  7. merge    over the files before it; `!reset` and `!override`              merge.ts, unique.ts
//  8. check    the form                                                        schema.ts over src/spec/compose
//  9. long     forms for short ones                                            canonical.ts, short/
//  then for all of them together:
// 10. defaults, and what the form can't say of one value                       defaults.ts
// 11. paths    relative -> absolute                                            paths.ts
// 12. mean     default network, names, implied dependencies                    normalize.ts
// 13. read     the tree into the model's types                                 kinds.ts, fields.ts
// 14. choose   profiles and named services                                     select.ts
// 15. agree    what must hold between services and resources                   consistency.ts
// 16. fill     env files and label files                                       environment.ts
import type { Project } from '../model/project.ts';
import { checkConsistency } from './consistency.ts';
import { withEnvironment, withLabels } from './environment.ts';
import { ComposeError, explained, fail, type Path } from '../value/error.ts';
import { project as projectKind } from './fields.ts';
import { type Found, findProject, type ProjectOptions, readSource } from './discover.ts';
import { interpolate } from './interpolate.ts';
import { checkName, projectName } from './name.ts';
import { normalize } from './normalize.ts';
import { parseYaml } from './parse.ts';
import { type Selection, type Services, withNamed, withoutUnused, withProfiles, withSelected } from './select.ts';
import type { Host } from './source.ts';
import { type Environment, loadTree, own, type SourceFile } from './tree.ts';
import { type Dict, dict, isDict, sprint } from '../value/value.ts';

export interface LoadOptions extends ProjectOptions {
  /** only these services and what they depend on; all when none is named */
  readonly services?: readonly string[];
  /** networks, volumes, secrets and configs that nothing uses are kept */
  readonly allResources?: boolean;
  readonly interpolates?: boolean;
  readonly normalizes?: boolean;
  readonly resolvesPaths?: boolean;
  readonly checksConsistency?: boolean;
  /** env files are read into each service's environment; on unless said otherwise */
  readonly resolvesEnvironment?: boolean;
}

export interface Loaded {
  readonly project: Project;
  /** services that a profile or a name left out */
  readonly disabled: Services;
  /** absolute */
  readonly workingDirectory: string;
  /** absolute, in the order in which they were merged; `-` for stdin */
  readonly files: readonly string[];
  /** what variables were filled in from: the shell's environment over `.env` */
  readonly environment: Environment;
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
  /** what was said on the way, in its order */
  readonly warnings: readonly string[];
}

/** The tree of a project before it has a shape, for `config --no-interpolate`. */
export interface LoadedTree extends Omit<Loaded, 'project' | 'disabled'> {
  readonly tree: Dict;
  readonly name: string;
}

/** Loads a project; throws a BerthError whose message is docker compose's and whose hint is the line. */
export function loadProject(options: LoadOptions, host: Host, warn: (message: string) => void = () => {}): Loaded {
  return notified(() => {
    const { tree, ...loaded } = readTree(options, host, warn);
    const { project, disabled } = toProject(tree, loaded, options, host, warn);
    return { ...loaded, project, disabled };
  });
}

/** Reads the env files of the services that take part, for a project that was loaded without. */
export function resolveEnvironment(loaded: Loaded, host: Host, warn: (message: string) => void = () => {}): Loaded {
  return notified(() => ({
    ...loaded,
    project: withEnvironment(loaded.project, loaded.environment, host.files, warn),
  }));
}

/** Loads the merged tree alone. */
export function loadModel(options: LoadOptions, host: Host, warn: (message: string) => void = () => {}): LoadedTree {
  return notified(() => readTree(options, host, warn, true));
}

function notified<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    throw error instanceof ComposeError ? explained(error) : error;
  }
}

/** A `raw` tree is one that the environment has no part in. */
function readTree(options: LoadOptions, host: Host, warn: (message: string) => void, raw = false): LoadedTree {
  const warnings: string[] = [];
  const say = (message: string): void => {
    warnings.push(message);
    warn(message);
  };
  const found = findProject(options, host, say);
  checkName(options.projectName ?? '');
  if (found.files.length === 0) fail('no configuration file provided: not found');
  const sources = found.files.map((file): SourceFile => {
    const name = file === '-' ? file : absolute(file, host.cwd);
    return { name, text: readSource(name, host) };
  });
  const interpolates = options.interpolates ?? true;
  const normalizes = options.normalizes ?? true;
  const name = nameOf(sources, found, options, host, say);
  const env = { ...(raw ? {} : found.env), COMPOSE_PROJECT_NAME: name };
  const tree = loadTree(sources, found.directory, env, {
    files: host.files,
    home: host.env['HOME'],
    interpolates,
    resolvesPaths: options.resolvesPaths ?? true,
    warn: say,
  });
  if (Object.keys(tree).length === 0) fail('empty compose file');
  if (name === '') fail('project name must not be empty');
  if (normalizes) normalize(tree, name, env);
  return {
    tree,
    name,
    workingDirectory: found.directory,
    files: sources.map((source) => source.name),
    environment: env,
    envFiles: found.envFiles,
    profiles: found.profiles,
    warnings,
  };
}

function absolute(file: string, cwd: string): string {
  return file.startsWith('/') ? file : `${cwd === '/' ? '' : cwd}/${file}`.replace(/\/(?:\.\/)+/g, '/');
}

function nameOf(
  sources: readonly SourceFile[],
  { env, directory }: Found,
  options: LoadOptions,
  host: Host,
  warn: (message: string) => void,
): string {
  const flag = options.projectName ?? '';
  const fromEnv = own(env, 'COMPOSE_PROJECT_NAME') ?? '';
  const named = flag !== '' || fromEnv !== '' ? '' : namedIn(sources);
  const file = named === '' || options.interpolates === false ? named : filled(named, env, warn);
  const normalizes = options.normalizes ?? true;
  const name = projectName({ flag, env: fromEnv, file, isNamedInFile: named !== '', directory }, normalizes);
  if (flag === '' && fromEnv === '' && named === '') {
    const own = directory.split('/').at(-1) ?? '';
    const real = host.files.real(directory).split('/').at(-1);
    if (real !== own)
      warn(`project has been loaded without an explicit name from a symlink. Using name ${JSON.stringify(own)}`);
  }
  return name;
}

/** `name:` of the last file that has one. */
function namedIn(sources: readonly SourceFile[]): string {
  let name = '';
  for (const { text = '', name: file } of sources) {
    if (!/^["']?name["']?\s*:|[{,]\s*["']?name["']?\s*:/m.test(text)) continue;
    for (const { value } of parseYaml(text, file)) {
      const held = isDict(value) ? value['name'] : undefined;
      if (typeof held === 'string' && held !== '') name = held;
    }
  }
  return name;
}

function filled(name: string, env: Environment, warn: (message: string) => void): string {
  const unset = (variable: string): void =>
    warn(`The ${JSON.stringify(variable)} variable is not set. Defaulting to a blank string.`);
  const made = interpolate(dict({ name }), { lookup: (variable) => own(env, variable), unset, warn });
  return sprint(made['name'] ?? '');
}

function toProject(
  tree: Dict,
  loaded: Omit<LoadedTree, 'tree'>,
  options: LoadOptions,
  host: Host,
  warn: (message: string) => void,
): Selection {
  const { name, environment: env, profiles } = loaded;
  const services = options.services ?? [];
  const decoded = { ...decode(tree, warn), name };
  let selection = withProfiles({ project: decoded, disabled: {} }, profiles);
  if (options.checksConsistency ?? true) selection = { ...selection, project: agreed(selection) };
  const resolves = options.resolvesEnvironment ?? true;
  let { project } = selection;
  if (resolves) project = withEnvironment(project, env, host.files, warn);
  project = withLabels(project, host.files, warn, true);
  selection = withNamed({ ...selection, project }, services, profiles);
  selection = withSelected(selection, services);
  return options.allResources === true ? selection : { ...selection, project: withoutUnused(selection.project) };
}

/** The project once it is known to hold together; `scale` and `deploy.replicas` say the same from here on. */
function agreed({ project, disabled }: Selection): Project {
  checkConsistency(project, disabled);
  const services: Record<string, Project['services'][string]> = {};
  for (const [name, service] of Object.entries(project.services))
    services[name] =
      service.scale === undefined || service.deploy === undefined
        ? service
        : { ...service, deploy: { ...service.deploy, replicas: service.scale } };
  return { ...project, services };
}

function decode(tree: Dict, warn: (message: string) => void): Project {
  const faults: string[] = [];
  const { name: _, ...rest } = tree;
  const made = projectKind.read(rest, '', { faults, warn });
  if (faults.length > 0 || made === undefined) {
    const path = pathOf(faults[0] ?? '');
    throw new ComposeError(
      `decoding failed due to the following error(s):\n\n${faults.sort().join('\n')}`,
      path === undefined ? {} : { path },
    );
  }
  return made;
}

/** `'services[a].mem_limit' …` as a path. */
function pathOf(fault: string): Path | undefined {
  const [, name] = /^'([^']*)'/.exec(fault) ?? [];
  return name?.split(/[.[\]]+/).filter((step) => step !== '');
}
