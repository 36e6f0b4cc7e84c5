// `build`: an image from a Dockerfile, by the builder of the daemon.
import { ResponseError, type Hijacked } from '../../../client/index.ts';
import type { BuildSources, PreparedBuild } from '../../../client/build/index.ts';
import type { ShownResult } from '../../../spec/berth/build.ts';
import { type Context, command } from '../../session/context.ts';
import { exactly, Failure } from '../../grammar/index.ts';
import { parseReference } from '../../../spec/docker/shorthand/index.ts';
import { showProgress } from '../../progress/index.ts';
import { putResult } from '../../../files/index.ts';
import { displayOn } from '../shared/display-on.ts';
import { BUILD_FLAGS, type BuildFlags, shorthandOf } from './build-flags.ts';

export const build = command({
  use: '[OPTIONS] PATH | URL | -',
  description: 'Build an image from a Dockerfile',
  aliases: 'docker image build, docker build, docker builder build, docker buildx build',
  args: exactly(1),
  flags: BUILD_FLAGS,
  async run(context, { flags, args: [source = ''] }) {
    if (context.env['DOCKER_BUILDKIT'] !== '0') {
      const { prepareBuild } = await import('../../../client/build/index.ts');
      const prepared = await prepareBuild(shorthandOf(flags), source, {
        env: context.env,
        stdoutIsTerminal: () => context.terminal(1),
        stdin: () => process.stdin,
      });
      const link = await openLink(context);
      if (link) return buildByLink(context, flags, link, prepared);
    }
    const { classicBuild } = await import('./build-classic.ts');
    return classicBuild(context, flags, source);
  },
});

/** undefined for a daemon that is not Berth's. */
async function openLink(context: Context): Promise<Hijacked | undefined> {
  try {
    return await context.client.hijack('BerthBuild');
  } catch (error) {
    if (error instanceof ResponseError && error.status === 404) return undefined;
    throw error;
  }
}

async function buildByLink(
  context: Context,
  flags: BuildFlags,
  { wire }: Hijacked,
  { options, sources, json }: PreparedBuild,
): Promise<number> {
  const { BuildFailure, pushedNames, runSession } = await import('../../../client/build/index.ts');
  const { BuildView } = await import('../../build/show.ts');
  const credentials: BuildSources['credentials'] = (host) => context.credentials.forBuild(host);
  const view = new BuildView(
    context,
    flags.progress,
    flags.quiet || options.call !== 'build',
    flags.explain,
    options.onError === 'fail',
  );
  let result: ShownResult;
  try {
    const shell: BuildSources['shell'] = async (step, shellWire) => {
      const { giveShell } = await import('../../build/shell.ts');
      const goOn = view.pause();
      await giveShell(context, step, shellWire).finally(goOn);
    };
    result = await runSession(
      wire,
      options,
      { ...sources, credentials, shell, stdout: (chunk) => context.out(chunk) },
      view.add,
    );
  } catch (error) {
    throw error instanceof BuildFailure ? view.failure(error) : error;
  }
  view.end();
  if (options.call !== 'build' && json) context.out(`${result.json ?? ''}\n`);
  else if (options.call === 'targets') await showTargets(context, result);
  else if (options.call === 'outline') context.out(result.outline ?? '');
  if (options.call === 'check') return showCheck(context, result, json);
  if (options.call !== 'build') return 0;
  const [image = ''] = result.images;
  const pushed = pushedNames(flags.push, flags.tag, options.outputs);
  if (pushed) await pushAll(context, pushed, flags.quiet);
  if (flags.iidfile !== '') putResult(flags.iidfile, image);
  if (flags['metadata-file'] !== '') {
    putResult(flags['metadata-file'], `${JSON.stringify(result.metadata, undefined, 2)}\n`);
  }
  if (flags.quiet && image !== '') context.out(`${image}\n`);
  return 0;
}

async function showCheck(
  context: Context,
  { findings = [], failure, fault }: ShownResult,
  notified: boolean,
): Promise<number> {
  const { checkSummary, findingText, placeText } = await import('../../progress/build/place.ts');
  if (!notified && (findings.length > 0 || !fault)) context.out(checkSummary(findings.length));
  if (!notified) for (const finding of findings) context.out(findingText(finding));
  if (fault) {
    const place = fault.ranges.length > 0 ? `\n${placeText(fault).trimEnd()}` : '';
    throw new Failure(`${findings.length > 0 && !notified ? '\n' : ''}ERROR: ${fault.message}${place}`);
  }
  if (failure !== undefined) throw new Failure(`ERROR: ${failure}`);
  return findings.length > 0 ? 1 : 0;
}

async function showTargets(context: Context, { targets = [] }: ShownResult): Promise<void> {
  const rows = targets
    .filter(({ name, isDefault }) => name !== '' || isDefault)
    .map(({ name, description, isDefault }) => {
      const shown = name === '' ? '(default)' : isDefault ? `${name} (default)` : name;
      return [shown, description] as const;
    });
  const width = Math.max(...rows.map(([name]) => name.length), 'TARGET'.length) + 4;
  for (const [name, description] of [['TARGET', 'DESCRIPTION'] as const, ...rows]) {
    context.out(`${name.padEnd(width)}${description}`.trimEnd().concat('\n'));
  }
}

/** What was built goes to its registries by the names that it got. */
async function pushAll(context: Context, names: readonly string[], quiet: boolean): Promise<void> {
  if (names.length === 0) throw new Failure('ERROR: tag is needed when pushing to registry');
  for (const name of names) {
    const reference = parseReference(name);
    const answer = await context.client.stream('ImagePush', {
      params: { name: reference.name },
      query: { tag: reference.tag ?? 'latest' },
      headers: { 'X-Registry-Auth': context.credentials.header(reference.name) },
    });
    await showProgress(
      answer.body,
      displayOn(context, quiet ? undefined : 2, () => undefined),
    );
  }
}
