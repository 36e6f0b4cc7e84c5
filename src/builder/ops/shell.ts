// A person's shell in what a failed step left: its root, variables, mounts and network, on a terminal. Ends with the shell, or when nobody types any more.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { invalid, messageOf } from '../../base/errors.ts';
import { type Console, LaunchError, refusalWords } from '../../runtime/index.ts';
import type { OciSpec } from '../../runtime/spec/index.ts';
import type { BuilderContext } from '../services/context.ts';
import type { Op } from '../graph/vertex.ts';
import type { ShellTerminal } from '../model/request.ts';

/** The monitor says that its process ended a moment after the terminal is closed. */
const EXIT_WAIT_MS = 5000;
const LOOK_MS = 10;

export interface ShellRequest {
  readonly id: string;
  /** That of the step. */
  readonly spec: OciSpec;
  readonly op: Op<'exec'>;
  readonly cgroup: string;
  readonly terminal: ShellTerminal;
  readonly signal: AbortSignal;
}

/** The shell that the step itself was run by, or the usual one. */
export function shellOf(args: readonly string[]): string {
  const [file = '', flag = ''] = args;
  return args.length >= 3 && /(^|\/)(ba|da|a|z|k|fi)?sh$/.test(file) && flag.startsWith('-') ? file : '/bin/sh';
}

/** The caller takes away what is left of the container. */
export async function runShell({ runtime, ociRuntime }: BuilderContext, request: ShellRequest): Promise<void> {
  const { id, terminal, signal } = request;
  const file = shellOf(request.op.args);
  const spec = withTerminal(request.spec, file, terminal);
  ociRuntime.beforeBinds?.();
  const identity = await runtime
    .create({
      id,
      name: id,
      spec,
      runtime: ociRuntime,
      logFile: undefined,
      logMaxBytes: undefined,
      stdin: true,
      keepStdin: false,
    })
    .then(({ pid }) => runtime.identity(pid, ''))
    .catch((error: unknown) => {
      if (!(error instanceof LaunchError)) throw error;
      throw invalid(refusalWords({ runtime: ociRuntime.name, verb: 'create', program: file, text: messageOf(error) }));
    });
  const kill = (): void => {
    for (const pid of runtime.processes(request.cgroup)) runtime.signal(pid, 9);
  };
  signal.addEventListener('abort', kill, { once: true });
  const console = runtime.console(id);
  try {
    show(console, terminal);
    await runtime.release(id, ociRuntime, () => runtime.alive(identity, ''));
    void type(console, terminal, (height, width) => runtime.resize(id, height, width))
      .catch(kill)
      .then(kill);
    if (signal.aborted) kill();
    await console.ended;
    const exit = join(runtime.paths.exits, id);
    for (let waited = 0; !existsSync(exit) && waited < EXIT_WAIT_MS; waited += LOOK_MS) await sleep(LOOK_MS);
  } finally {
    signal.removeEventListener('abort', kill);
    console.close();
    kill();
  }
}

function withTerminal(spec: OciSpec, file: string, { size: [height, width], term }: ShellTerminal): OciSpec {
  const { process } = spec;
  const env = process.env.some((one) => one.startsWith('TERM=')) ? process.env : [...process.env, `TERM=${term}`];
  const consoleSize = height > 0 && width > 0 ? { consoleSize: { height, width } } : {};
  return { ...spec, process: { ...process, ...consoleSize, env, terminal: true, args: [file] } };
}

function show(console: Console, terminal: ShellTerminal): void {
  let taken = Promise.resolve();
  console.watch({
    write(_, data) {
      taken = terminal.write(data).catch(() => undefined);
      return false;
    },
    drained: () => taken,
    end: () => undefined,
  });
}

async function type(
  console: Console,
  terminal: ShellTerminal,
  resize: (height: number, width: number) => void,
): Promise<void> {
  for await (const one of terminal.input) {
    if (one instanceof Uint8Array) await console.write(Buffer.from(one));
    else resize(...one);
  }
}
