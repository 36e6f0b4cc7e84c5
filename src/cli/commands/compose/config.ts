// `compose config`: the project as it was understood, or one kind of its parts.
import { writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  closure,
  type Loaded,
  loadModel,
  modelText,
  type Project,
  projectJson,
  projectYaml,
  serviceHash,
  variableTable,
} from '../../../compose/index.ts';
import { any, Failure, flag, type Values } from '../../grammar/index.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';

const FLAGS = {
  ...dryRun,
  environment: flag.bool('', 'Print environment used for interpolation.'),
  format: flag.string('', 'Format the output. Values: [yaml | json]'),
  hash: flag.string('', 'Print the service config hash, one per line.'),
  images: flag.bool('', 'Print the image names, one per line.'),
  'lock-image-digests': flag.bool('', 'Produces an override file with image digests'),
  models: flag.bool('', 'Print the model names, one per line.'),
  networks: flag.bool('', 'Print the network names, one per line.'),
  'no-consistency': flag.bool('', "Don't check model consistency - warning: may produce invalid Compose output"),
  'no-env-resolution': flag.bool('', "Don't resolve service env files"),
  'no-interpolate': flag.bool('', "Don't interpolate environment variables"),
  'no-normalize': flag.bool('', "Don't normalize compose model"),
  'no-path-resolution': flag.bool('', "Don't resolve file paths"),
  output: flag.string('o', 'Save to file (default to stdout)'),
  profiles: flag.bool('', 'Print the profile names, one per line.'),
  quiet: flag.bool('q', "Only validate the configuration, don't print anything"),
  'resolve-image-digests': flag.bool('', 'Pin image tags to digests'),
  services: flag.bool('', 'Print the service names, one per line.'),
  variables: flag.bool('', 'Print model variables and default values.'),
  volumes: flag.bool('', 'Print the volume names, one per line.'),
} as const;

type ConfigFlags = Values<typeof FLAGS>;

export const config = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Parse, resolve and render compose file in canonical format',
  flags: FLAGS,
  args: any,
  run: async (context, { flags, args }) => {
    const text = await render(context, flags, args);
    if (flags.quiet) return 0;
    if (flags.output !== '' && !isList(flags) && text !== '') {
      const path = isAbsolute(flags.output) ? flags.output : join(context.cli.cwd, flags.output);
      writeFileSync(path, text);
    } else context.out(text);
    return 0;
  },
});

/** True when parts are listed, which `--output` does not concern. */
function isList(flags: ConfigFlags): boolean {
  const { services, volumes, networks, models, hash, profiles, images, variables, environment } = flags;
  return services || volumes || networks || models || hash !== '' || profiles || images || variables || environment;
}

const lines = (items: Iterable<string>): string => [...items].map((item) => `${item}\n`).join('');

async function render(context: ComposeContext, flags: ConfigFlags, names: readonly string[]): Promise<string> {
  const load = (services: readonly string[], resolvesEnvironment = false): Loaded =>
    context.load({ ...loadFlags(context, flags), services, resolvesEnvironment });
  if (flags.services) return lines(serviceNames(context, flags, load));
  if (flags.volumes) return lines(Object.keys(load([]).project.volumes ?? {}));
  if (flags.networks) return lines(Object.keys(load([]).project.networks ?? {}));
  if (flags.models) return lines(Object.values(load([]).project.models ?? {}).flatMap((one) => one.model ?? []));
  if (flags.hash !== '') return hashes(load([]), flags.hash);
  if (flags.profiles) return lines(profileNames(load(names)));
  if (flags.images) return lines(imageNames(load(names).project, context.settings.compatibility));
  if (flags.variables) {
    const { tree } = loadModel(
      { ...context.options(loadFlags(context, flags)), interpolates: false },
      context.host,
      context.warn,
    );
    return variableTable(tree, flags.format);
  }
  if (flags.environment) return lines(environmentLines(load(names, true).environment));
  return await (flags['no-interpolate'] ? rawModel(context, flags) : canonical(context, flags, load, names));
}

function loadFlags(context: ComposeContext, flags: ConfigFlags) {
  return {
    interpolates: !flags['no-interpolate'],
    normalizes: !flags['no-normalize'] && !context.settings.compatibility,
    resolvesPaths: !flags['no-path-resolution'],
    checksConsistency: !flags['no-consistency'],
  };
}

function serviceNames(
  context: ComposeContext,
  flags: ConfigFlags,
  load: (names: readonly string[]) => Loaded,
): Iterable<string> {
  if (!flags['no-interpolate']) {
    const { services } = load([]).project;
    return closure(services, Object.keys(services));
  }
  const { tree } = loadModel(context.options(loadFlags(context, flags)), context.host, context.warn);
  return Object.keys((tree['services'] ?? {}) as object);
}

function hashes({ project, disabled }: Loaded, wanted: string): string {
  const names = (wanted === '*' ? Object.keys(project.services) : wanted.split(',')).sort();
  return lines(
    names.map((name) => {
      const service = project.services[name];
      if (service === undefined)
        throw new Failure(`no such service: ${name}: ${disabled[name] === undefined ? 'not found' : 'disabled'}`);
      return `${name} ${serviceHash(service, sha256)}`;
    }),
  );
}

function sha256(text: string): string {
  return process.getBuiltinModule('crypto').createHash('sha256').update(text).digest('hex');
}

function profileNames({ project, disabled }: Loaded): string[] {
  const all = [...Object.values(project.services), ...Object.values(disabled)];
  return [...new Set(all.flatMap((service) => service.profiles ?? []))].sort();
}

/** A service that is only built is named after the project and itself. */
function imageNames({ name, services }: Project, isOld: boolean): string[] {
  return Object.entries(services).map(([key, { image }]) => image ?? `${name}${isOld ? '_' : '-'}${key}`);
}

function environmentLines(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

async function rawModel(context: ComposeContext, flags: ConfigFlags): Promise<string> {
  const { tree } = loadModel(context.options(loadFlags(context, flags)), context.host, context.warn);
  const services = imagesIn(tree);
  if (flags['resolve-image-digests'] || flags['lock-image-digests'])
    for (const [name, image] of await (await import('./digests.ts')).digestsOf(services, context.cli)) {
      const service = services[name];
      if (service !== undefined) service.image = image;
    }
  return modelText(tree, flags.format === '' ? 'yaml' : flags.format, flags['lock-image-digests']);
}

/** The services of a tree that have an image. */
function imagesIn(tree: Readonly<Record<string, unknown>>): Record<string, { image?: string }> {
  const services = (tree['services'] ?? {}) as Record<string, { image?: unknown } | null>;
  const own = Object.entries(services).filter(([, service]) => typeof service?.image === 'string');
  return Object.fromEntries(own) as Record<string, { image?: string }>;
}

async function canonical(
  context: ComposeContext,
  flags: ConfigFlags,
  load: (names: readonly string[], resolves: boolean) => Loaded,
  names: readonly string[],
): Promise<string> {
  let { project } = load(names, true);
  if (flags['resolve-image-digests'] || flags['lock-image-digests'])
    project = await (await import('./digests.ts')).withDigests(project, context.cli);
  if (!flags['no-consistency']) checkContainerNames(project);
  if (flags['lock-image-digests']) project = imagesOnly(project);
  const format = flags.format === '' ? 'yaml' : flags.format;
  if (format !== 'yaml' && format !== 'json') throw new Failure(`unsupported format ${JSON.stringify(format)}`);
  if (flags.quiet) return '';
  const text = format === 'json' ? projectJson(project) : projectYaml(project);
  return text.replaceAll('$', '$$$$');
}

function imagesOnly({ services }: Project): Project {
  const only = Object.entries(services).map(([name, { image }]) => [
    name,
    { command: null, entrypoint: null, ...(image === undefined ? {} : { image }) },
  ]);
  return { name: '', services: Object.fromEntries(only) };
}

function checkContainerNames({ services }: Project): void {
  const taken = new Set<string>();
  for (const [name, { container_name: container }] of Object.entries(services)) {
    if (container === undefined) continue;
    if (taken.has(container))
      throw new Failure(
        `services.${name}: container name ${JSON.stringify(container)} is already in use by service {}"`,
      );
    taken.add(container);
  }
}
