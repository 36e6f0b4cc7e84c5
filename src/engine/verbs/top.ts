// The processes of a container, in the columns that the host's `ps` gives.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { conflict, internal, invalid, messageOf } from '../../base/errors.ts';
import type { ContainerTopResponse } from '../../spec/docker/index.ts';
import { cgroupPath, type EngineContext, emit } from '../container/context.ts';
import { hasProcess, isRestarting } from '../lifecycle/index.ts';

const run = promisify(execFile);

export async function top(
  context: EngineContext,
  reference: string,
  psArguments: string,
): Promise<ContainerTopResponse> {
  const container = context.registry.get(reference);
  const words = psArguments === '' ? ['-ef'] : psArguments.split(/\s+/).filter((word) => word !== '');
  for (const word of words)
    if (/^(?:-o|o|--format|--no-headers)?.*pid=/.test(word)) throw invalid(`specifying "${word}" is not allowed`);
  if (isRestarting(container.state))
    throw conflict(`container ${container.id} is restarting, wait until the container is running`);
  if (!hasProcess(container.state.phase)) throw conflict(`container ${container.id} is not running`);
  const inside = new Set(context.runtime.processes(cgroupPath(context, container)));
  let output: string;
  try {
    output = (await run('ps', words, { maxBuffer: 16 * 1024 * 1024, env: { ...process.env, LC_ALL: 'C' } })).stdout;
  } catch (error) {
    const stderr =
      error instanceof Error && 'stderr' in error && typeof error.stderr === 'string'
        ? error.stderr.trim()
        : messageOf(error);
    throw internal(`ps: ${stderr}`);
  }
  emit(context, container, 'top');
  return selectProcesses(output, inside);
}

/** Rows of `ps` output whose PID is in the set; the last column keeps its blanks. */
export function selectProcesses(output: string, pids: ReadonlySet<number>): ContainerTopResponse {
  const [head = '', ...rows] = output.split('\n');
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw internal("Couldn't find PID field in ps output");
  const processes: string[][] = [];
  for (const row of rows) {
    const fields = row.trim().split(/\s+/);
    if (!pids.has(Number(fields[pidColumn]))) continue;
    const last = titles.length - 1;
    processes.push([...fields.slice(0, last), fields.slice(last).join(' ')]);
  }
  return { Titles: titles, Processes: processes };
}
