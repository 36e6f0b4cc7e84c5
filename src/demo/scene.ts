// What the steps of the demo share: the client, the containers made so far, and short forms of the calls that they need.
import { BerthError } from '../base/errors.ts';
import { type Client, Demux, lines, type Wire } from '../client/index.ts';
import type { ContainerCreateBody } from '../spec/docker/container.ts';
import type { ProgressMessage } from '../spec/docker/image.ts';

/** Both streams of a container or an exec. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export class Scene {
  readonly client: Client;
  /** Says that a long step lives; a line without its newline. */
  readonly progress: (line: string) => void;
  /** Names of the containers that this run made and has not removed. */
  readonly made = new Set<string>();
  readonly #run: string;

  /** `run` tells the containers of this run from those of another. */
  constructor(client: Client, run: string, progress: (line: string) => void) {
    this.client = client;
    this.#run = run;
    this.progress = progress;
  }

  name(role: string): string {
    return `berth-demo-${role}-${this.#run}`;
  }

  /** Makes and starts a container; its name. */
  async start(role: string, body: ContainerCreateBody): Promise<string> {
    const name = this.name(role);
    await this.client.call('ContainerCreate', {
      query: { name },
      body: { Labels: { 'berth.demo': this.#run }, ...body },
    });
    this.made.add(name);
    await this.client.text('ContainerStart', { params: { id: name } });
    return name;
  }

  /** Waits for the end of a container; its exit code. */
  async wait(name: string): Promise<number> {
    return (await this.client.call('ContainerWait', { params: { id: name } })).StatusCode;
  }

  async logs(name: string): Promise<Output> {
    const answer = await this.client.stream('ContainerLogs', {
      params: { id: name },
      query: { stdout: true, stderr: true },
    });
    return demultiplexed(answer.body);
  }

  /** Runs a command in a running container to its end. */
  async exec(name: string, command: readonly string[]): Promise<Output> {
    const { Id: id } = await this.client.call('ContainerExec', {
      params: { id: name },
      body: { Cmd: [...command], AttachStdout: true, AttachStderr: true },
    });
    const { wire } = await this.client.hijack('ExecStart', { params: { id }, body: { Detach: false, Tty: false } });
    try {
      return await demultiplexed(untilEnd(wire.inbox));
    } finally {
      wire.socket.destroy();
    }
  }

  /** Removes a container whatever its state. */
  async remove(name: string): Promise<void> {
    await this.client.text('ContainerDelete', { params: { id: name }, query: { force: true, v: true } });
    this.made.delete(name);
  }

  /** Size in bytes of an image that is there; undefined when it is not. */
  async imageSize(name: string): Promise<number | undefined> {
    try {
      return (await this.client.call('ImageInspect', { params: { name } })).Size;
    } catch (error) {
      if (error instanceof BerthError && error.kind === 'notFound') return undefined;
      throw error;
    }
  }

  /** Makes an image out of Debian packages. Throws what the daemon said went wrong. */
  async bootstrap(name: string): Promise<void> {
    const answer = await this.client.stream('BerthImageBootstrap', { query: { name } });
    for await (const line of lines(answer.body)) {
      const message = JSON.parse(line) as ProgressMessage;
      if (message.error !== undefined) throw new Error(message.error);
      if (message.status !== undefined) this.progress(message.status);
    }
  }
}

/** What a taken-over connection brings until the daemon ends it. */
async function* untilEnd(inbox: Wire['inbox']): AsyncGenerator<Buffer, void, undefined> {
  for (let chunk = await inbox.take(); chunk; chunk = await inbox.take()) yield chunk;
}

async function demultiplexed(body: AsyncIterable<Buffer>): Promise<Output> {
  const chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  const demux = new Demux((stream, data) => {
    chunks[stream === 'stdout' ? 'stdout' : 'stderr'].push(data);
  });
  for await (const chunk of body) demux.push(chunk);
  return {
    stdout: Buffer.concat(chunks.stdout).toString('utf8'),
    stderr: Buffer.concat(chunks.stderr).toString('utf8'),
  };
}
