// `compose create`, `scale`, `build`, `pull`, `push`: what is made without being started, and images.
import { ensureImages, imageName, type Project, up, type UpOptions } from '../../../compose/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { any, atLeast, Failure, flag } from '../../grammar/index.ts';
import { parseReference } from '../../../spec/docker/shorthand/index.ts';
import { showProgress } from '../../progress/index.ts';
import { displayOn } from '../shared/display-on.ts';
import { array, imageOptions, upWork, withoutDependencies, withScale } from './bring.ts';
import { composeCommand, dryRun } from './command/command.ts';
import { progressOn } from './command/progress.ts';
import { sourcesOf } from './sources.ts';

const DIVERGED: UpOptions = {
  services: [],
  recreate: 'diverged',
  recreateDependencies: 'diverged',
  start: true,
  removeOrphans: false,
  renewVolumes: false,
};

export const create = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Creates containers for a service',
  flags: {
    ...dryRun,
    build: flag.bool('', 'Build images before starting containers'),
    'force-recreate': flag.bool('', "Recreate containers even if their configuration and image haven't changed"),
    'no-build': flag.bool('', "Don't build an image, even if it's policy"),
    'no-recreate': flag.bool(
      '',
      "If containers already exist, don't recreate them. Incompatible with --force-recreate.",
    ),
    pull: flag.string('', 'Pull image before running ("always"|"missing"|"never"|"build")', 'policy'),
    'quiet-pull': flag.bool('', 'Pull without printing progress information'),
    'remove-orphans': flag.bool('', 'Remove containers for services not defined in the Compose file'),
    scale: array('', 'Scale SERVICE to NUM instances. Overrides the `scale` setting in the Compose file if present.'),
    yes: flag.bool('y', 'Assume "yes" as answer to all prompts and run non-interactively'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    if (flags['force-recreate'] && flags['no-recreate'])
      throw new Failure('--force-recreate and --no-recreate are incompatible');
    const images = imageOptions(flags.pull, flags.build, flags['no-build']);
    const loaded = withScale(context.load({ services: args }), flags.scale);
    const progress = progressOn(context);
    const policy = flags['force-recreate'] ? 'force' : flags['no-recreate'] ? 'never' : 'diverged';
    await up(upWork(context, loaded, progress.report, { quietPull: flags['quiet-pull'], yes: flags.yes }), images, {
      ...DIVERGED,
      services: args,
      recreate: policy,
      recreateDependencies: policy === 'force' ? 'diverged' : policy,
      start: false,
      removeOrphans: flags['remove-orphans'],
    });
    progress.end();
    return 0;
  },
});

export const scale = composeCommand({
  use: '[SERVICE=REPLICAS...]',
  description: 'Scale services ',
  flags: { ...dryRun, 'no-deps': flag.bool('', "Don't start linked services") },
  args: atLeast(1),
  run: async (context, { flags, args }) => {
    const names: string[] = [];
    for (const text of args) {
      const [name = '', count] = text.split(/=(.*)/s);
      if (count === undefined) throw new Failure(`invalid scale specifier: ${text}`);
      if (!/^[-+]?\d+$/.test(count))
        throw new Failure(`invalid scale specifier: can't parse replica value as int: ${text}`);
      names.push(name);
    }
    let loaded = context.load({ services: names });
    if (flags['no-deps']) loaded = withoutDependencies(loaded, names);
    const progress = progressOn(context);
    await up(upWork(context, withScale(loaded, args), progress.report), imageOptions('policy', false, false), {
      ...DIVERGED,
      services: names,
    });
    progress.end();
    return 0;
  },
});

export const build = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Build or rebuild services',
  flags: {
    ...dryRun,
    'build-arg': array('', 'Set build-time variables for services'),
    builder: flag.string('', 'Set builder to use'),
    check: flag.bool('', 'Check build configuration'),
    compress: flag.bool('', 'Compress the build context using gzip. DEPRECATED', true, { hidden: true }),
    'force-rm': flag.bool('', 'Always remove intermediate containers. DEPRECATED', true, { hidden: true }),
    memory: flag.string('m', 'Set memory limit for the build container. Not supported by BuildKit.'),
    'no-cache': flag.bool('', 'Do not use cache when building the image'),
    'no-rm': flag.bool('', 'Do not remove intermediate containers after a successful build. DEPRECATED', false, {
      hidden: true,
    }),
    parallel: flag.bool('', 'Build images in parallel. DEPRECATED', true, { hidden: true }),
    progress: flag.string('', 'Set type of ui output (auto, tty, plain, json, quiet)', '', { hidden: true }),
    provenance: flag.string('', 'Add a provenance attestation'),
    pull: flag.bool('', 'Always attempt to pull a newer version of the image'),
    push: flag.bool('', 'Push service images'),
    quiet: flag.bool('q', 'Suppress the build output'),
    sbom: flag.string('', 'Add a SBOM attestation'),
    ssh: flag.string(
      '',
      "Set SSH authentications used when building service images. (use 'default' for using your default SSH Agent)",
    ),
    'with-dependencies': flag.bool('', 'Also build dependencies (transitively)'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    let loaded = context.load({ services: args });
    if (!flags['with-dependencies']) loaded = withoutDependencies(loaded, args);
    const progress = progressOn(context);
    const sources = sourcesOf(context, progress.report, {
      quiet: flags.quiet,
      noCache: flags['no-cache'],
      pull: flags.pull,
      push: flags.push,
      check: flags.check,
      args: flags['build-arg'],
      ssh: flags.ssh,
      memory: flags.memory,
      ...(flags.provenance === '' ? {} : { provenance: flags.provenance }),
      ...(flags.sbom === '' ? {} : { sbom: flags.sbom }),
    });
    const { project } = loaded;
    await sources.build(
      project,
      Object.keys(project.services).filter((name) => project.services[name]?.build !== undefined),
    );
    progress.end();
    return 0;
  },
});

export const pull = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Pull service images',
  flags: {
    ...dryRun,
    'ignore-buildable': flag.bool('', 'Ignore images that can be built'),
    'ignore-pull-failures': flag.bool('', 'Pull what it can and ignores images with pull failures'),
    'include-deps': flag.bool('', 'Also pull services declared as dependencies'),
    'no-parallel': flag.bool('', 'DEPRECATED disable parallel pulling', true, { hidden: true }),
    parallel: flag.bool('', 'DEPRECATED pull multiple images in parallel', true, { hidden: true }),
    policy: flag.string('', 'Apply pull policy ("missing"|"always")'),
    quiet: flag.bool('q', 'Pull without printing progress information'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    let loaded = context.load({ services: args, resolvesEnvironment: false });
    if (!flags['include-deps']) loaded = withoutDependencies(loaded, args);
    const progress = progressOn(context);
    const report = flags.quiet ? () => undefined : progress.report;
    const services: Record<string, Project['services'][string]> = {};
    for (const [name, service] of Object.entries(loaded.project.services)) {
      const skips = service.image === undefined || (flags['ignore-buildable'] && service.build !== undefined);
      if (skips) report({ id: name, action: 'Skipped', text: '- No image to be pulled', status: 'done' });
      else services[name] = { ...service, pull_policy: flags.policy === '' ? 'always' : flags.policy };
    }
    const project = { ...loaded.project, services };
    try {
      await ensureImages(
        context.cli.client,
        project,
        sourcesOf(context, report),
        { pull: 'policy', build: 'missing', ignoresContract: true },
        report,
      );
    } catch (error) {
      if (!flags['ignore-pull-failures']) throw error;
    }
    progress.end();
    return 0;
  },
});

export const push = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Push service images',
  flags: {
    ...dryRun,
    'ignore-push-failures': flag.bool('', 'Push what it can and ignores images with push failures'),
    'include-deps': flag.bool('', 'Also push images of services declared as dependencies'),
    quiet: flag.bool('q', 'Push without printing progress information'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    let loaded = context.load({ services: args, resolvesEnvironment: false });
    if (!flags['include-deps']) loaded = withoutDependencies(loaded, args);
    const progress = progressOn(context);
    const report = flags.quiet ? () => undefined : progress.report;
    const { project } = loaded;
    for (const [name, service] of Object.entries(project.services)) {
      if (service.build === undefined || service.image === undefined) {
        report({ id: name, action: 'Skipped', text: '', status: 'done' });
        continue;
      }
      const reference = parseReference(imageName(project, name));
      report({ id: name, action: 'Pushing', text: '', status: 'working' });
      try {
        const answer = await context.cli.client.stream('ImagePush', {
          params: { name: reference.name },
          query: { tag: reference.tag ?? 'latest' },
          headers: { 'X-Registry-Auth': context.cli.credentials.header(reference.name) },
        });
        await showProgress(
          answer.body,
          displayOn(context.cli, undefined, () => undefined),
        );
        report({ id: name, action: 'Pushed', text: '', status: 'done' });
      } catch (error) {
        report({ id: name, action: 'Error', text: messageOf(error), status: 'error' });
        if (!flags['ignore-push-failures']) throw error;
      }
    }
    progress.end();
    return 0;
  },
});
