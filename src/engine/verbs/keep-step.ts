// Makes a container of a step of a build that has ended: its files, its output and its end are those of the step.
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { copyDirectory } from '../../host/sandbox/index.ts';
import { logPiece } from '../../runtime/index.ts';
import type { EndedStep } from '../../spec/berth/index.ts';
import { freshState } from '../lifecycle/index.ts';
import type { EngineContext } from '../container/context.ts';
import { specOf } from '../create/index.ts';
import { create } from './create.ts';

export async function keepStep(context: EngineContext, step: EndedStep): Promise<void> {
  const { id, exitCode, started: startedAt, finished: finishedAt, files } = step;
  const paths = context.paths.of(id);
  await create(context, {
    name: undefined,
    platform: undefined,
    spec: specOf({
      Image: step.image,
      // none, whatever the image has
      Entrypoint: [''],
      Cmd: [...step.args],
      Env: [...step.env],
      WorkingDir: step.cwd,
      User: step.user,
      HostConfig: { NetworkMode: step.network },
    }),
    ran: {
      id,
      state: { ...freshState(), phase: 'exited', exitCode, startedAt, finishedAt },
      async fill() {
        if (files !== undefined) await copyFiles(files, paths.upper);
        writeFileSync(paths.log, logOf(step.output), { mode: 0o640 });
      },
    },
  });
}

/** The step's output as the monitor would have written it. */
function logOf(output: EndedStep['output']): Buffer {
  const parts: Buffer[] = [];
  for (const { at, stream, data } of output) {
    const bytes = Buffer.from(data);
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(0x0a, from);
      const line = bytes.subarray(from, end < 0 ? bytes.length : end);
      parts.push(logPiece(at, stream === 1 ? 'stdout' : 'stderr', line, end >= 0));
      from = end < 0 ? bytes.length : end + 1;
    }
  }
  return Buffer.concat(parts);
}

/** With owners, attributes and the marks of what was deleted; links are copied and never followed. */
async function copyFiles(from: string, to: string): Promise<void> {
  const source = openSync(from, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await copyDirectory(to, { source, onlyWhenEmpty: false, asLayer: true });
  } finally {
    closeSync(source);
  }
}
