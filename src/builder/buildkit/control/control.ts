// BuildKit's control service: builds and their course, what the daemon offers, what the cache holds.
import { type Duplex, duplexPair } from 'node:stream';
import { invalid, notFound, notImplemented } from '../../../base/errors.ts';
import type { BuildResult } from '../../model/request.ts';
import {
  BytesMessage,
  DiskUsageRequest,
  DiskUsageResponse,
  Empty,
  HealthRequest,
  HealthResponse,
  HistoryEvent,
  HistoryRequest,
  HistoryUpdate,
  InfoResponse,
  ListWorkersResponse,
  PruneRequest,
  SolveRequest,
  SolveResponse,
  StatusRequest,
  StatusResponse,
  UsageRecord,
} from '../protocol/messages.ts';
import { type Call, type Method, type Methods, serverStream, unary } from '../transport/server.ts';
import type { BuildKit } from './buildkit.ts';
import { cacheExportsOf } from './attributes.ts';
import type { Exporter } from './build.ts';
import type { Connection } from './bridges.ts';
import { type Asked, gatewayMethods, returnedBy, sourceIn } from './gateway.ts';
import { answerOf } from './run.ts';
import { courseOf, type Job } from './jobs.ts';

const SERVICE = '/moby.buildkit.v1.Control/';

/** The methods of one connection. */
export function controlMethods(buildkit: BuildKit, connection: Connection): Methods {
  return new Map<string, Method>([
    [
      '/grpc.health.v1.Health/Check',
      unary(HealthRequest, HealthResponse, ({ service }) => {
        if (service !== '') throw notFound(`unknown service`);
        return { status: 1 };
      }),
    ],
    [`${SERVICE}Info`, unary(Empty, InfoResponse, () => ({ version: buildkit.version }))],
    [`${SERVICE}ListWorkers`, unary(Empty, ListWorkersResponse, () => ({ record: buildkit.workers() }))],
    [
      `${SERVICE}Solve`,
      unary(SolveRequest, SolveResponse, (request, call) => solve(buildkit, connection, request, call)),
    ],
    [
      `${SERVICE}Status`,
      serverStream(StatusRequest, StatusResponse, async ({ ref }, send, { signal }) => {
        const past = buildkit.jobs.isTold(ref) ? buildkit.past(ref) : undefined;
        if (past) {
          for await (const part of courseOf(past)) await send(part);
          return;
        }
        const job = await buildkit.jobs.find(ref, signal);
        for await (const part of job.course(signal)) await send(part);
      }),
    ],
    [
      `${SERVICE}DiskUsage`,
      unary(DiskUsageRequest, DiskUsageResponse, async ({ filter }) => ({ record: await buildkit.usage(filter) })),
    ],
    [
      `${SERVICE}Prune`,
      serverStream(PruneRequest, UsageRecord, async (request, send, { signal }) => {
        for await (const record of buildkit.prune(request, signal)) await send(record);
      }),
    ],
    [
      `${SERVICE}ListenBuildHistory`,
      serverStream(HistoryRequest, HistoryEvent, (request, send, { signal }) =>
        buildkit.history.listen(request, send, signal),
      ),
    ],
    [`${SERVICE}UpdateBuildHistory`, unary(HistoryUpdate, Empty, (request) => (buildkit.history.update(request), {}))],
    [`${SERVICE}Session`, tunnelled(buildkit)],
    ...gatewayMethods({
      workers: buildkit.workers(),
      bridge: (ref, signal) => buildkit.bridges.find(ref, signal),
      subrequest: (name, bridge, spec, signal) => buildkit.describe(bridge, name, spec, signal),
      async evaluate(bridge, id) {
        await buildkit.imageOf(bridge, id);
      },
      begin(spec) {
        for (const definition of spec.inputs.values())
          buildkit.imageNamed(sourceIn(definition) ?? '').catch(() => undefined);
      },
    }),
  ]);
}

/** A session within a call, for clients that cannot open a second connection. */
function tunnelled(buildkit: BuildKit): Method {
  return async (call, streams) => {
    const header = (name: string): string => String(call.metadata[name] ?? '');
    const headers = {
      id: header('x-docker-expose-session-uuid'),
      sharedKey: header('x-docker-expose-session-sharedkey'),
      methods: header('x-docker-expose-session-grpc-method')
        .split(',')
        .map((one) => one.trim()),
    };
    buildkit.sessions.check(headers.id);
    const [near, far] = duplexPair();
    // either end may go first: the client closes its side and waits for ours, or the call is gone
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    call.signal.addEventListener('abort', end, { once: true });
    const running = buildkit.sessions.run(near, headers).finally(end);
    const written = (async () => {
      for await (const chunk of far) await streams.write(BytesMessage.encode({ data: chunk as Buffer }));
    })().catch(end);
    try {
      for await (const body of streams.input) {
        const { data } = BytesMessage.decode(body);
        if (!far.destroyed && !far.write(Buffer.from(data))) await roomIn(far);
      }
    } finally {
      end();
    }
    await Promise.all([running, written]);
  };
}

/** Resolves when the stream takes more, or takes nothing any more. */
function roomIn(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}

async function solve(
  buildkit: BuildKit,
  connection: Connection,
  request: SolveRequest,
  { signal }: Call,
): Promise<{ exporterResponse: ReadonlyMap<string, string> }> {
  if (request.ref === '') throw invalid('a build needs a reference');
  if (request.definition && request.definition.def.length > 0)
    throw notImplemented('graphs of operations are not implemented by this daemon: frontends are');
  const exporters: readonly Exporter[] =
    request.exporters.length > 0
      ? request.exporters
      : request.exporter === ''
        ? []
        : [{ type: request.exporter, attrs: request.exporterAttrs }];
  const job = buildkit.jobs.make(request.ref);
  try {
    let asked: Asked | undefined = {
      frontend: request.frontend,
      attributes: request.frontendAttrs,
      inputs: request.frontendInputs,
      cacheImports: request.cache?.imports ?? [],
    };
    if (request.frontend === '') {
      const bridge = buildkit.bridges.open(request, signal);
      try {
        asked = await returnedBy(bridge, signal);
        // a client that only wants to know what the daemon can
        if (!asked) return { exporterResponse: new Map() };
        return { exporterResponse: answerOf(await run(buildkit, job, request, asked, exporters, signal)) };
      } finally {
        await buildkit.bridges.close(bridge, connection);
      }
    }
    return { exporterResponse: answerOf(await run(buildkit, job, request, asked, exporters, signal)) };
  } finally {
    buildkit.jobs.end(job);
  }
}

async function run(
  buildkit: BuildKit,
  job: Job,
  request: SolveRequest,
  asked: Asked,
  exporters: readonly Exporter[],
  signal: AbortSignal,
): Promise<BuildResult> {
  const session = await buildkit.sessions.find(request.session, signal);
  const spec = {
    ...asked,
    session,
    exporters,
    entitlements: request.entitlements,
    cacheExports: cacheExportsOf(request.cache?.exports ?? []),
  };
  return buildkit.run(job, spec, signal, !request.internal);
}
