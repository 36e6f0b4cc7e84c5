// The flags of `build`: those of Docker's classic client and of its newer one, and Berth's own.
import type { BuildShorthand } from '../../../client/build/index.ts';
import type { Ulimit } from '../../../spec/docker/container.ts';
import { flag, type Values } from '../../grammar/index.ts';
import { checkExtraHost, checkLabel, parseReference, parseUlimit } from '../../../spec/docker/shorthand/index.ts';

export const BUILD_FLAGS = {
  'add-host': flag.list('', 'Add a custom host-to-IP mapping ("host:ip")', checkExtraHost),
  allow: flag.list('', 'Allow extra privileged entitlement (e.g., "network.host", "security.insecure")'),
  annotation: flag.list('', 'Add annotation to the image'),
  attest: flag.list('', 'Attestation parameters (format: "type=sbom,generator=image")'),
  'build-arg': flag.list('', 'Set build-time variables'),
  'build-context': flag.list('', 'Additional build contexts (e.g., name=path)'),
  'cache-from': flag.list('', 'External cache sources (e.g., "user/app:cache", "type=local,src=path/to/dir")'),
  'cache-to': flag.list('', 'Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")'),
  call: flag.string('', 'Set method for evaluating build ("check", "outline", "targets")', 'build'),
  'cgroup-parent': flag.string('', 'Set the parent cgroup for the "RUN" instructions during build'),
  check: flag.bool('', 'Shorthand for "--call=check"'),
  compress: flag.bool('', 'Compress the build context using gzip'),
  'cpu-period': flag.int('', 'Limit the CPU CFS (Completely Fair Scheduler) period'),
  'cpu-quota': flag.int('', 'Limit the CPU CFS (Completely Fair Scheduler) quota'),
  'cpu-shares': flag.int('c', 'CPU shares (relative weight)'),
  'cpuset-cpus': flag.string('', 'CPUs in which to allow execution (0-3, 0,1)'),
  'cpuset-mems': flag.string('', 'MEMs in which to allow execution (0-3, 0,1)'),
  'disable-content-trust': flag.bool('', 'Skip image verification', true),
  explain: flag.bool('', 'Say of each step why it was not reused'),
  file: flag.string('f', 'Name of the Dockerfile (Default is "PATH/Dockerfile")'),
  'force-rm': flag.bool('', 'Always remove intermediate containers'),
  iidfile: flag.string('', 'Write the image ID to the file'),
  isolation: flag.string('', 'Container isolation technology'),
  label: flag.list('', 'Set metadata for an image', checkLabel),
  load: flag.bool('', 'Shorthand for "--output=type=docker"'),
  memory: flag.bytes('m', 'Memory limit'),
  'memory-swap': flag.bytes('', 'Swap limit equal to memory plus swap: -1 to enable unlimited swap', {
    minusOne: true,
  }),
  'metadata-file': flag.string('', 'Write build result metadata to a file'),
  network: flag.string('', 'Set the networking mode for the RUN instructions during build', 'default'),
  'no-cache': flag.bool('', 'Do not use cache when building the image'),
  'no-cache-filter': flag.list('', 'Do not cache specified stages'),
  'on-error': flag.string(
    '',
    'What happens when a step fails ("fail", or "shell" for a shell in what it left)',
    'fail',
  ),
  output: flag.list('o', 'Output destination (format: "type=local,dest=path")'),
  platform: flag.list('', 'Set platform if server is multi-platform capable'),
  progress: flag.string(
    '',
    'Set type of progress output ("auto", "quiet", "plain", "tty", "rawjson"). Use plain to show container output',
    'auto',
  ),
  provenance: flag.string('', 'Shorthand for "--attest=type=provenance"'),
  pull: flag.bool('', 'Always attempt to pull a newer version of the image'),
  push: flag.bool('', 'Shorthand for "--output=type=registry"'),
  quiet: flag.bool('q', 'Suppress the build output and print image ID on success'),
  'require-cached': flag.bool('', 'Fail when a step would have to run'),
  rm: flag.bool('', 'Remove intermediate containers after a successful build', true),
  sbom: flag.string('', 'Shorthand for "--attest=type=sbom"'),
  secret: flag.list('', 'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")'),
  'security-opt': flag.strings('', 'Security options'),
  'shm-size': flag.bytes('', 'Size of "/dev/shm"'),
  squash: flag.bool('', 'Squash newly built layers into a single new layer'),
  ssh: flag.list('', 'SSH agent socket to expose to the build (format: "default|<id>[=<socket>]")'),
  tag: flag.list('t', 'Name and optionally a tag in the "name:tag" format', checkTag),
  target: flag.string('', 'Set the target build stage to build.'),
  ulimit: flag.custom<readonly Ulimit[]>(
    'ulimit',
    '',
    'Ulimit options',
    [],
    (before, text) => [...before.filter((one) => one.Name !== parseUlimit(text).Name), parseUlimit(text)],
    { shown: '[]' },
  ),
};

export type BuildFlags = Values<typeof BUILD_FLAGS>;

export function shorthandOf(flags: BuildFlags): BuildShorthand {
  return {
    file: flags.file,
    buildContexts: flags['build-context'],
    buildArgs: flags['build-arg'],
    labels: flags.label,
    tags: flags.tag,
    target: flags.target,
    platforms: flags.platform,
    noCache: flags['no-cache'],
    noCacheFilter: flags['no-cache-filter'],
    pull: flags.pull,
    network: flags.network,
    allow: flags.allow,
    extraHosts: flags['add-host'],
    limits: limitsOf(flags),
    cacheFrom: flags['cache-from'],
    cacheTo: flags['cache-to'],
    outputs: flags.output,
    annotations: flags.annotation,
    load: flags.load,
    secrets: flags.secret,
    ssh: flags.ssh,
    attest: flags.attest,
    provenance: flags.provenance,
    sbom: flags.sbom,
    requireCached: flags['require-cached'],
    squash: flags.squash,
    onError: flags['on-error'],
    call: flags.call,
    check: flags.check,
  };
}

function limitsOf(flags: BuildFlags): Record<string, unknown> {
  const limits: Record<string, unknown> = {
    memory: flags.memory,
    memorySwap: flags['memory-swap'],
    cpuShares: flags['cpu-shares'],
    cpuPeriod: flags['cpu-period'],
    cpuQuota: flags['cpu-quota'],
    cpusetCpus: flags['cpuset-cpus'],
    cpusetMems: flags['cpuset-mems'],
    cgroupParent: flags['cgroup-parent'],
    shmSize: flags['shm-size'],
    ulimits: flags.ulimit.length > 0 ? flags.ulimit : '',
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== 0 && value !== ''));
}

function checkTag(text: string): string {
  parseReference(text);
  return text;
}
