// Handlers of /services and /tasks.
import { parseRfc3339 } from '../../base/clock.ts';
import { BerthError } from '../../base/errors.ts';
import type { ClusterAccess, ClusterControl, ClusterTask } from '../../cluster/index.ts';
import { credentialsOf } from '../credentials.ts';
import { frameHead, MULTIPLEXED_STREAM, RAW_STREAM } from '../framing.ts';
import type { ApiRequest, ApiResponse, Handlers } from '../handler.ts';
import { idOf, inCluster, specOf } from './swarm.ts';

export function serviceHandlers(access: ClusterAccess): Handlers {
  return {
    ServiceList: inCluster(access, 'ServiceList', ({ services }, request, response) =>
      response.json(services.list(request.query.filters ?? new Map(), request.query.status ?? false)),
    ),
    ServiceCreate: inCluster(access, 'ServiceCreate', async ({ services }, request, response) =>
      response.json({ ID: await services.create(await specOf(request), credentialsOf(request.headers)) }, 201),
    ),
    ServiceInspect: inCluster(access, 'ServiceInspect', ({ services }, request, response) =>
      response.json(services.inspect(idOf(request), request.query.insertDefaults ?? false)),
    ),
    ServiceUpdate: inCluster(access, 'ServiceUpdate', async ({ services }, request, response) => {
      const { version, rollback, registryAuthFrom } = request.query;
      await services.update(idOf(request), {
        version,
        rollback,
        registryAuthFrom,
        credentials: credentialsOf(request.headers),
        spec: await specOf(request),
      });
      response.json({ Warnings: null });
    }),
    ServiceDelete: inCluster(access, 'ServiceDelete', async ({ services }, request, response) => {
      await services.remove(idOf(request));
      response.empty(200);
    }),
    ServiceLogs: inCluster(access, 'ServiceLogs', (control, request, response) => {
      const { service, tasks } = control.tasks.of(idOf(request));
      return logs(control, tasks, request, response, service);
    }),
    BerthAutoscaleExplain: inCluster(access, 'BerthAutoscaleExplain', async ({ services }, request, response) =>
      response.json(await services.explainAutoscale(idOf(request))),
    ),
    TaskList: inCluster(access, 'TaskList', ({ tasks }, request, response) =>
      response.json(tasks.list(request.query.filters ?? new Map())),
    ),
    TaskInspect: inCluster(access, 'TaskInspect', ({ tasks }, request, response) =>
      response.json(tasks.inspect(idOf(request))),
    ),
    BerthTaskWhy: inCluster(access, 'BerthTaskWhy', ({ tasks }, request, response) =>
      response.json(tasks.why(idOf(request))),
    ),
    TaskLogs: inCluster(access, 'TaskLogs', (control, request, response) =>
      logs(control, [control.tasks.get(idOf(request))], request, response),
    ),
  };
}

/** Lines of several tasks, each with whose it is when details are asked for. */
async function logs(
  { tasks: control }: ClusterControl,
  tasks: readonly ClusterTask[],
  request: ApiRequest<'ServiceLogs' | 'TaskLogs'>,
  response: ApiResponse,
  service?: string,
): Promise<void> {
  const {
    stdout = false,
    stderr = false,
    follow = false,
    timestamps = false,
    details = false,
    tail,
    since,
  } = request.query;
  if (!stdout && !stderr) throw new BerthError('internal', 'Bad parameters: you must choose at least one stream');
  const tty = tasks.some(({ Spec }) => Spec.ContainerSpec?.TTY);
  const options = {
    stdout,
    stderr,
    follow,
    ...(tail !== undefined && /^\d+$/.test(tail) ? { tail: Number(tail) } : {}),
    ...(since ? { since: String(BigInt(since) * 1_000_000_000n) } : {}),
  };
  const stream = response.stream(!tty && request.minor >= 42 ? MULTIPLEXED_STREAM : RAW_STREAM);
  for await (const lines of control.logs(tasks, options, request.signal, service)) {
    const parts = lines.flatMap(({ task, line }) => {
      const head = (timestamps ? `${nineDigits(line.time)} ` : '') + (details ? `${attributes(task)} ` : '');
      const data = Buffer.concat([Buffer.from(head), Buffer.from(line.data, 'base64')]);
      return tty ? [data] : [frameHead(line.channel, data.length), data];
    });
    await stream.write(Buffer.concat(parts));
  }
  stream.end();
}

function attributes(task: ClusterTask): string {
  return [
    `com.docker.swarm.node.id=${task.NodeID ?? ''}`,
    `com.docker.swarm.service.id=${task.ServiceID}`,
    `com.docker.swarm.task.id=${task.ID}`,
  ].join(',');
}

function nineDigits(time: string): string {
  const nanos = parseRfc3339(time) ?? 0n;
  const seconds = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${(nanos % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}
