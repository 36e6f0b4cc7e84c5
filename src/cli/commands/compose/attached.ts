// `up` in the foreground: what the containers write, until they have ended or somebody wants them to.
import { Demux } from '../../../client/index.ts';
import {
  killContainers,
  observeContainers,
  type ObservedContainer,
  stopContainers,
  type VerbWork,
} from '../../../compose/index.ts';
import type { ComposeContext } from './command/command.ts';
import { containerEvents } from './events.ts';
import { shownName } from './follow.ts';
import { LineSplitter, type LogLines } from './log-lines.ts';
import { printable } from '../../../base/printable.ts';

export interface AttachedOptions {
  /** services whose output is shown */
  readonly shown: (service: string) => boolean;
  readonly lines: LogLines;
  readonly timestamps: boolean;
  /** what ends all when one ends */
  readonly abort: 'never' | 'exit' | 'failure';
  /** the service whose exit code is that of the program */
  readonly exitCodeFrom: string;
  readonly timeout: number | undefined;
}

/** Attachments to the containers of a project. Made before they start. */
export class Attached {
  readonly #context: ComposeContext;
  readonly #options: AttachedOptions;
  readonly #reading = new Map<string, Promise<void>>();
  /** names as they are shown, by id */
  readonly #names = new Map<string, string>();

  constructor(context: ComposeContext, options: AttachedOptions) {
    this.#context = context;
    this.#options = options;
  }

  add(container: ObservedContainer): void {
    const name = shownName(container);
    this.#names.set(container.id, name);
    this.#options.lines.add(name);
  }

  get names(): readonly string[] {
    return [...this.#names.values()].sort();
  }

  knows(id: string): boolean {
    return this.#names.has(id);
  }

  nameOf(id: string): string {
    return this.#names.get(id) ?? id.slice(0, 12);
  }

  /** Output from now on; resolves when the attachment is made. */
  async attach(id: string): Promise<void> {
    if (this.#reading.has(id)) return;
    const { client } = this.#context.cli;
    const { Config: config } = await client.call('ContainerInspect', { params: { id } });
    const { wire } = await client.hijack('ContainerAttach', {
      params: { id },
      query: { stream: true, stdout: true, stderr: true },
    });
    wire.socket.end();
    const name = this.nameOf(id);
    const show = (write: (text: string) => void) => (line: string) =>
      write(this.#options.lines.line(name, this.#stamped(line)));
    const stdout = new LineSplitter(show((text) => this.#context.cli.out(Buffer.from(text))));
    const stderr = new LineSplitter(show((text) => this.#context.cli.err(Buffer.from(text))));
    const demux = new Demux((stream, data) => (stream === 'stderr' ? stderr : stdout).push(data));
    const reading = (async () => {
      for (let chunk = await wire.inbox.take(); chunk; chunk = await wire.inbox.take())
        if (config.Tty) stdout.push(chunk);
        else demux.push(chunk);
      stdout.end();
      stderr.end();
      this.#reading.delete(id);
    })();
    this.#reading.set(
      id,
      reading.catch(() => undefined),
    );
  }

  #stamped(line: string): string {
    return this.#options.timestamps ? `${new Date().toISOString()} ${line}` : line;
  }

  /** Until everything that was written has been shown. */
  async drained(id: string): Promise<void> {
    await this.#reading.get(id);
  }
}

/** Shows what happens until it is over; gives the exit code. */
export async function followProject(
  context: ComposeContext,
  work: VerbWork,
  attached: Attached,
  options: AttachedOptions,
  /** containers that run, or are about to */
  running: Set<string>,
  start: () => Promise<void>,
): Promise<number> {
  const ending = new AbortController();
  let ready: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => {
    ready = resolve;
  });
  let code = 0;
  let isStopping = false;
  let started = false;
  let interrupts = 0;
  const mine = async (): Promise<ObservedContainer[]> => observeContainers(context.cli.client, work.name, 'services');
  const stopAll = async (): Promise<void> => {
    await stopContainers(
      work,
      (await mine()).filter(({ service }) => isOfProject(work, service)),
      options.timeout,
    );
  };
  const onSignal = (): void => {
    interrupts += 1;
    isStopping = true;
    code = 130;
    if (interrupts === 1) {
      context.err('Gracefully Stopping... press Ctrl+C again to force\n');
      void stopAll().then(
        () => ending.abort(),
        () => ending.abort(),
      );
    } else
      void mine()
        .then((all) =>
          killContainers(
            work,
            all.filter(({ state }) => state === 'running'),
            'SIGKILL',
          ),
        )
        .finally(() => ending.abort());
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const seen = (async () => {
    const events = containerEvents(context, work.name, { signal: ending.signal, ready });
    for await (const { action, id, attributes, service } of events) {
      if (!attached.knows(id)) continue;
      if (action === 'start') {
        running.add(id);
        if (options.shown(service)) await attached.attach(id).catch(() => undefined);
        continue;
      }
      if (action !== 'die') continue;
      await attached.drained(id);
      running.delete(id);
      const status = Number(attributes['exitCode'] ?? 0);
      const goesOn = await restarts(context, id);
      if (options.shown(service))
        context.cli.draw(
          1,
          `\r\x1b[K${printable(attached.nameOf(id))} exited with code ${status}${goesOn ? ' (restarting)' : ''}\n`,
        );
      if (goesOn) continue;
      const isMine = options.exitCodeFrom === '' || options.exitCodeFrom === service;
      const ends = options.abort === 'exit' || (options.abort === 'failure' && status !== 0);
      if (options.exitCodeFrom === service) code = status;
      if (ends && !isStopping) {
        isStopping = true;
        if (isMine) code = status;
        context.err('\x1b[31m\x1b[1mAborting on container exit...\x1b[0m\n');
        void stopAll().then(
          () => ending.abort(),
          () => ending.abort(),
        );
      }
      if (running.size === 0 && !isStopping && started) ending.abort();
    }
  })();
  try {
    await listening;
    await start();
    started = true;
    if (running.size === 0 && !isStopping) ending.abort();
    await seen;
  } finally {
    ending.abort();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  return code;
}

function isOfProject({ loaded }: VerbWork, service: string): boolean {
  return loaded === undefined || Object.hasOwn(loaded.project.services, service);
}

/** Whether the daemon starts it again. */
async function restarts(context: ComposeContext, id: string): Promise<boolean> {
  try {
    const { State: state } = await context.cli.client.call('ContainerInspect', { params: { id } });
    return state.Restarting || state.Running;
  } catch {
    return false;
  }
}
