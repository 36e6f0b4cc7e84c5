// A volume plugin in memory, over a socket.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface FakePlugin extends AsyncDisposable {
  readonly socket: string;
  /** Where its volumes are. */
  readonly root: string;
  /** Options by name. */
  readonly volumes: Map<string, Record<string, string>>;
  /** `Verb NAME ID`, in order. */
  readonly calls: string[];
}

/** The option `fail` of a Create is what it is refused with. */
export async function fakePlugin(socket: string): Promise<FakePlugin> {
  const root = mkdtempSync(join(tmpdir(), 'berth-plugin-'));
  const volumes = new Map<string, Record<string, string>>();
  const calls: string[] = [];
  const answer = (verb: string, { Name = '', Opts, ID = '' }: Call): object => {
    calls.push(`${verb} ${Name} ${ID}`.trim());
    const volume = { Name, Mountpoint: join(root, Name), Status: { calls: 'yes' } };
    switch (verb) {
      case 'Activate':
        return { Implements: ['VolumeDriver'] };
      case 'Capabilities':
        return { Capabilities: { Scope: 'global' } };
      case 'Create':
        if (Opts?.['fail'] !== undefined) return { Err: Opts['fail'] };
        mkdirSync(join(root, Name), { recursive: true });
        volumes.set(Name, Opts ?? {});
        return {};
      case 'Remove':
        volumes.delete(Name);
        return {};
      case 'Mount':
        return { Mountpoint: join(root, Name) };
      case 'Get':
        return volumes.has(Name) ? { Volume: volume } : { Err: 'no such volume' };
      case 'List':
        return { Volumes: [...volumes.keys()].map((name) => ({ Name: name, Mountpoint: join(root, name) })) };
      default:
        return {};
    }
  };
  const server = createServer((request, response) => {
    text(request)
      .then((body) => {
        const said = answer(request.url?.split('.').at(-1) ?? '', body === '' ? {} : (JSON.parse(body) as Call));
        response.statusCode = 'Err' in said ? 500 : 200;
        response.end(JSON.stringify(said));
      })
      .catch(() => response.destroy());
  });
  mkdirSync(dirname(socket), { recursive: true });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    root,
    volumes,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

interface Call {
  readonly Name?: string;
  readonly Opts?: Record<string, string>;
  readonly ID?: string;
}
