// Images for a project: pulled with the credentials of this client, built as `build` builds.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Build,
  imageLabels,
  imageName,
  type ImageSources,
  type Project,
  type Report,
} from '../../../compose/index.ts';
import { Failure, parseFlags } from '../../grammar/index.ts';
import { pullImage } from '../image/pulling.ts';
import { pullShown } from './pulling.ts';
import { type ComposeContext, withOutput } from './command/command.ts';

export interface BuildChoice {
  readonly quiet?: boolean;
  /** the layers of what is pulled are not shown */
  readonly quietPull?: boolean;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  readonly push?: boolean;
  readonly check?: boolean;
  readonly args?: readonly string[];
  readonly ssh?: string;
  readonly provenance?: string;
  readonly sbom?: string;
  readonly memory?: string;
}

export function sourcesOf(context: ComposeContext, report: Report, choice: BuildChoice = {}): ImageSources {
  if (context.settings.dryRun)
    return {
      pull: () => Promise.resolve(),
      build: (project, services) => {
        for (const service of services) report({ id: imageName(project, service), text: 'Built', status: 'done' });
        return Promise.resolve();
      },
    };
  return {
    pull: (image, platform = '', service) =>
      choice.quietPull === true
        ? pullImage(context.cli, image, { platform, fd: undefined })
        : pullShown(context, image, platform, service, report),
    build: async (project, services) => {
      // One that is another's context is built before it.
      for (const service of buildOrder(project, services)) await buildOne(context, project, service, choice, report);
    },
  };
}

/** What a build takes from another service (`additional_contexts: service:x`) comes first. Pure. */
export function buildOrder(project: Project, services: readonly string[]): readonly string[] {
  const ordered = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) return;
    const contexts = Object.values(project.services[name]?.build?.additional_contexts ?? {});
    for (const text of contexts) if (text.startsWith('service:')) visit(text.slice(8), [...path, name]);
    ordered.add(name);
  };
  for (const name of services) visit(name, []);
  return [...ordered].filter((name) => project.services[name]?.build !== undefined);
}

async function buildOne(
  context: ComposeContext,
  project: Project,
  name: string,
  choice: BuildChoice,
  report: Report,
): Promise<void> {
  const build = project.services[name]?.build;
  if (build === undefined) return;
  const image = imageName(project, name);
  const scratch = build.dockerfile_inline === undefined ? undefined : mkdtempSync(join(tmpdir(), 'berth-compose-'));
  try {
    const inline = scratch === undefined ? undefined : join(scratch, 'Dockerfile');
    if (inline !== undefined) writeFileSync(inline, build.dockerfile_inline ?? '');
    const isQuiet = choice.quiet === true || context.settings.progress === 'quiet';
    const words = buildWords(project, name, build, choice, inline);
    if (isQuiet) words.unshift('--quiet');
    const { build: command } = await import('../image/build.ts');
    const parsed = parseFlags(command.flags, words);
    if (parsed.error !== undefined) throw new Failure(parsed.error);
    const code = await command.run(isQuiet ? withOutput(context.cli, () => undefined) : context.cli, {
      flags: Object.fromEntries(parsed.values) as never,
      given: (flag: string) => parsed.given.has(flag),
      changed: (flag: string) => parsed.changed.has(flag),
      args: parsed.args,
      path: 'docker build',
    });
    if (code !== undefined && code !== 0) throw new Failure(`failed to solve: exit code ${code}`, code);
    if (choice.check !== true) report({ id: image, text: 'Built', status: 'done' });
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true });
  }
}

/** The command line of `build` that makes a service's image. Pure. */
export function buildWords(
  project: Project,
  name: string,
  build: Build,
  choice: BuildChoice,
  inline: string | undefined,
): string[] {
  const { context = '.' } = build;
  const words: string[] = [];
  const add = (flag: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') words.push(`--${flag}=${value}`);
  };
  const isRemote = /^(https?:\/\/|git@|git:\/\/|ssh:\/\/|github\.com\/)/.test(context);
  const { dockerfile = '' } = build;
  if (inline !== undefined) add('file', inline);
  else if (dockerfile !== '')
    add('file', isRemote || dockerfile.startsWith('/') ? dockerfile : join(context, dockerfile));
  add('tag', imageName(project, name));
  for (const tag of build.tags ?? []) add('tag', tag);
  for (const [key, value] of Object.entries(build.args ?? {}))
    words.push(`--build-arg=${value === null ? key : `${key}=${value}`}`);
  for (const text of choice.args ?? []) words.push(`--build-arg=${text}`);
  const labels = { ...build.labels, ...imageLabels(project, name) };
  for (const [key, value] of Object.entries(labels)) words.push(`--label=${key}=${value}`);
  for (const [key, value] of Object.entries(build.additional_contexts ?? {})) {
    const service = value.startsWith('service:') ? value.slice(8) : undefined;
    add('build-context', `${key}=${service === undefined ? value : `docker-image://${imageName(project, service)}`}`);
  }
  for (const text of build.cache_from ?? []) add('cache-from', text);
  for (const text of build.cache_to ?? []) add('cache-to', text);
  for (const text of build.entitlements ?? []) add('allow', text);
  for (const text of build.extra_hosts ?? []) add('add-host', text.replace('=', ':'));
  for (const { id, path } of build.ssh ?? []) add('ssh', path === undefined || path === '' ? id : `${id}=${path}`);
  for (const reference of build.secrets ?? []) add('secret', secretWords(project, reference));
  add('ssh', choice.ssh);
  add('target', build.target);
  add('network', build.network);
  add('platform', (build.platforms ?? [project.services[name]?.platform]).filter(Boolean).join(','));
  add('shm-size', build.shm_size);
  add('provenance', choice.provenance ?? build.provenance);
  add('sbom', choice.sbom ?? build.sbom);
  add('memory', choice.memory);
  for (const [key, limit] of Object.entries(build.ulimits ?? {}))
    add(
      'ulimit',
      `${key}=${typeof limit === 'number' ? limit : `${limit.soft ?? limit.single}:${limit.hard ?? limit.single}`}`,
    );
  if (choice.noCache === true || build.no_cache === true) words.push('--no-cache');
  if (choice.pull === true || build.pull === true) words.push('--pull');
  if (choice.push === true) words.push('--push');
  if (choice.check === true) words.push('--check');
  words.push('--', context);
  return words;
}

function secretWords(project: Project, { source = '', target }: { source?: string; target?: string }): string {
  const secret = project.secrets?.[source];
  const id = `id=${target ?? source}`;
  if (secret?.environment !== undefined) return `${id},env=${secret.environment}`;
  return secret?.file === undefined ? id : `${id},src=${secret.file}`;
}
