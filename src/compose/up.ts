// Brings a project up: its images, then the plan, then what the plan says.
import type { Client } from '../client/index.ts';
import { applyPlan, type Work } from './apply.ts';
import { withReferences } from './create/container.ts';
import { ensureImages, type ImageOptions, type ImageSources } from './images.ts';
import type { Loaded } from './load/load.ts';
import type { Project } from './model/project.ts';
import { type Observed, observe } from './observe.ts';
import { changedVolumes, type Hashes, type Plan, planUp, type UpOptions } from './plan.ts';
import { networkHash, serviceHash, type Sum, volumeHash } from './print/hash.ts';
import type { Report } from './progress.ts';

export interface UpWork {
  readonly client: Client;
  readonly loaded: Loaded;
  readonly sum: Sum;
  readonly sources: ImageSources;
  readonly report: Report;
  readonly warn: (message: string) => void;
  readonly parallel: number | undefined;
  readonly signal?: AbortSignal;
  /** the client changes nothing; nothing is waited for */
  readonly dryRun?: boolean;
  /** asks before something is lost; without it the answer is no */
  readonly confirm?: (question: string) => boolean;
  readonly beforeStart?: Work['beforeStart'];
}

export function hashesOf(project: Project, sum: Sum): Hashes {
  const each = <T>(all: Readonly<Record<string, T>> | undefined, hash: (value: T, sum: Sum) => string) =>
    Object.fromEntries(Object.entries(all ?? {}).map(([name, value]) => [name, hash(value, sum)]));
  return {
    service: (name, first) => {
      const service = project.services[name];
      return service === undefined ? '' : serviceHash(withReferences(service, first), sum);
    },
    networks: each(project.networks, networkHash),
    volumes: each(project.volumes, volumeHash),
  };
}

export interface Planned {
  readonly plan: Plan;
  readonly observed: Observed;
  readonly hashes: Hashes;
}

/** Observes and plans; `images` are ids by service. */
export async function planOf(
  work: Pick<UpWork, 'client' | 'loaded' | 'sum' | 'confirm'>,
  images: Readonly<Record<string, string>>,
  options: UpOptions,
): Promise<Planned> {
  const { client, loaded, sum } = work;
  const hashes = hashesOf(loaded.project, sum);
  const observed = await observe(client, loaded.project, images);
  // Only a daemon of Berth can hand names and ports over.
  const canRoll = options.canRoll ?? (await isBerth(client));
  const recreateVolumes = changedVolumes(loaded.project, hashes, observed).filter((name) =>
    work.confirm?.(
      `Volume ${JSON.stringify(name)} exists but doesn't match configuration in compose file. Recreate (data will be lost)?`,
    ),
  );
  const all = { ...options, canRoll, recreateVolumes };
  return { plan: planUp(loaded.project, hashes, observed, all, loaded.disabled), observed, hashes };
}

async function isBerth(client: Client): Promise<boolean> {
  const { Platform: platform } = await client.call('SystemVersion');
  return platform.Name.startsWith('Berth');
}

export async function up(work: UpWork, images: ImageOptions, options: UpOptions): Promise<void> {
  const { client, loaded, sources, report } = work;
  const ids = await ensureImages(client, loaded.project, sources, images, report);
  const planned = await planOf(work, ids, options);
  warnOfOrphans(work, planned.plan, options);
  await carryOut(work, planned);
}

/** Does what was planned. */
export async function carryOut(work: UpWork, { plan, observed, hashes }: Planned): Promise<void> {
  const { client, loaded, report, warn, parallel, signal } = work;
  const { workingDirectory, files, envFiles } = loaded;
  const made: Work = {
    client,
    project: loaded.project,
    files: { workingDirectory, files, envFiles: envFiles.filter((file) => file !== `${workingDirectory}/.env`) },
    hashes,
    environment: loaded.environment,
    report,
    warn,
    parallel,
    dryRun: work.dryRun ?? false,
    ...(signal === undefined ? {} : { signal }),
    ...(work.beforeStart === undefined ? {} : { beforeStart: work.beforeStart }),
  };
  await applyPlan(made, plan.steps, observed.containers);
}

function warnOfOrphans({ loaded, warn }: UpWork, { orphans }: Plan, options: UpOptions): void {
  if (options.removeOrphans || orphans.length === 0) return;
  if (/^(1|true)$/i.test(loaded.environment['COMPOSE_IGNORE_ORPHANS'] ?? '')) return;
  const names = orphans.map(({ name }) => name).join(' ');
  warn(
    `Found orphan containers ([${names}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
  );
}
