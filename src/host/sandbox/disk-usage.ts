// How much files are: what they take on disk, as du(1) counts, and how long they are.
import { lstatSync } from 'node:fs';
import { measure } from './index.ts';

/**
 * Bytes on disk of each path with all below it: blocks and not lengths, directories too, a file of several names once, in the first
 * path that has it. Nothing for what is not there, and for what vanishes meanwhile.
 */
export async function diskUsage(paths: readonly string[]): Promise<Map<string, number>> {
  return paths.length === 0 ? new Map() : measure(paths, 'blocks');
}

/** Bytes of the files below a folder and of its links, each inode once. */
export async function fileLengths(folder: string): Promise<number> {
  return (await measure([folder], 'lengths')).get(folder) ?? 0;
}

/** On disk: of one file, or of a directory without what is in it. */
export function diskUsageOf(path: string): number {
  return (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}
