// Commands that a service wants run in its container after it started and before it stops.
import { BerthError, invalid } from '../base/errors.ts';
import { type Client, Demux } from '../client/index.ts';
import type { Hook, Service } from './model/project.ts';

/** Runs to its end. Throws when it ends with another code than 0. */
export async function runHook(
  client: Client,
  id: string,
  hook: Hook,
  service: string,
  write: (data: Buffer) => void = () => {},
): Promise<void> {
  const { Id: exec } = await client.call('ContainerExec', {
    params: { id },
    body: {
      Cmd: [...(hook.command ?? [])],
      User: hook.user ?? '',
      Privileged: hook.privileged ?? false,
      WorkingDir: hook.working_dir ?? '',
      Env: Object.entries(hook.environment ?? {}).map(([name, value]) => (value === null ? name : `${name}=${value}`)),
      AttachStdout: true,
      AttachStderr: true,
    },
  });
  const { wire } = await client.hijack('ExecStart', { params: { id: exec }, body: { Detach: false, Tty: false } });
  wire.socket.end();
  const demux = new Demux((_, data) => write(data));
  for (let chunk = await wire.inbox.take(); chunk; chunk = await wire.inbox.take()) demux.push(chunk);
  const { ExitCode: code } = await client.call('ExecInspect', { params: { id: exec } });
  if (code !== 0 && code !== null) throw invalid(`${service} hook exited with status ${code}`);
}

/** Before a container stops; one that does not run has nobody to hear of it. */
export async function runStopHooks(
  client: Client,
  id: string,
  name: string,
  service: Service | undefined,
): Promise<void> {
  try {
    for (const hook of service?.pre_stop ?? []) await runHook(client, id, hook, name);
  } catch (error) {
    if (!(error instanceof BerthError) || (error.kind !== 'conflict' && error.kind !== 'notFound')) throw error;
  }
}
