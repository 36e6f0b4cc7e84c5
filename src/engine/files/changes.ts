// `docker diff`: what a container changed in the files of its image.
import { conflict } from '../../base/errors.ts';
import { type ChangeKind, changesOf } from '../../host/sandbox/index.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { textOf } from './bytes.ts';

/** As the API has it: 0 modified, 1 added, 2 deleted. */
export interface FileChange {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}

const KINDS: Readonly<Record<ChangeKind, FileChange['Kind']>> = { modified: 0, added: 1, deleted: 2 };

/** What is made in every container for mounts to sit on: no change that anyone made. */
const PLACEHOLDERS: readonly string[] = [
  '/.dockerenv',
  '/dev',
  '/dev/console',
  '/dev/mqueue',
  '/dev/pts',
  '/dev/shm',
  '/etc',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/mtab',
  '/etc/resolv.conf',
  '/proc',
  '/sys',
];

export async function changes(context: EngineContext, reference: string): Promise<FileChange[]> {
  const container = context.registry.get(reference);
  if (container.state.phase === 'dead') throw conflict(`container ${container.id} is dead`);
  const found = await layerChanges(context, container);
  return found.changes.map(({ path, kind }) => ({ Path: textOf(path), Kind: KINDS[kind] }));
}

export function layerChanges(context: EngineContext, container: Container): ReturnType<typeof changesOf> {
  const { merged, upper } = context.paths.of(container.id);
  return changesOf(merged, upper, container.record.lowerDirs, PLACEHOLDERS);
}
