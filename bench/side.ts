// A daemon whose processor time is counted, with all that it starts, in a namespace and with roots of its own; taken away with all of it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Kept } from './kept.ts';
import { makeMeter, type Meter } from './meter.ts';
import { makeNamespace } from './namespace.ts';

export interface Side extends AsyncDisposable {
  readonly api: Kept;
  readonly meter: Meter;
  readonly pid: number;
}

const closing: (() => Promise<void>)[] = [];
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void Promise.all(closing.map((close) => close())).finally(() => process.exit(130)));

/** The daemon of a checkout that is built; `profile` is a directory for V8's profiles. */
export async function openSide(name: string, checkout: string, profile?: string): Promise<Side> {
  const folder = mkdtempSync('/tmp/berth-side-');
  const meter = makeMeter(name);
  const place = await makeNamespace();
  const log = join(folder, 'log');
  const host = `unix://${folder}/s.sock`;
  const [file, ...args] = [...meter.enter, ...place.enter, join(checkout, 'berth'), 'daemon'];
  const child = spawn(
    file,
    [
      ...args,
      '--data-root',
      `${folder}/data`,
      '--exec-root',
      `${folder}/exec`,
      '-H',
      host,
      '--cgroup-parent',
      meter.parent,
    ],
    {
      stdio: ['ignore', openSync(log, 'a'), openSync(log, 'a')],
      env: {
        ...process.env,
        ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
      },
    },
  );
  const close = async (): Promise<void> => {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    await place[Symbol.asyncDispose]();
    meter[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  closing.push(close);
  for (let attempt = 0; !existsSync(`${folder}/s.sock`); attempt += 1) {
    if (child.exitCode !== null || attempt > 300) {
      const said = readFileSync(log, 'utf8').slice(-2000);
      await close();
      throw new Error(said);
    }
    await pause(100);
  }
  const api = new Kept(host);
  return {
    api,
    meter,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      for (const { Id } of await api.json<{ Id: string }[]>('GET', '/containers/json?all=1'))
        await api.send('DELETE', `/containers/${Id}?force=true&v=true`);
      for (const { Name } of await api.json<{ Name: string }[]>('GET', '/networks'))
        await api.send('DELETE', `/networks/${Name}`);
      api[Symbol.dispose]();
      await close();
    },
  };
}
