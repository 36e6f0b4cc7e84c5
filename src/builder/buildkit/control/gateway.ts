// Builds whose course the client determines: it asks for results by wish, and says at the end which of them is to be given out.
import { randomBytes } from 'node:crypto';
import { cancelled, invalid, notFound, notImplemented } from '../../../base/errors.ts';
import { sha256 } from '../../../base/ids.ts';
import type { Result, SolveRequest } from '../protocol/messages.ts';
import {
  type Definition,
  Empty,
  GatewaySolveRequest,
  GatewaySolveResponse,
  InputsResponse,
  Op,
  Pong,
  RefRequest,
  ReturnRequest,
} from '../protocol/messages.ts';
import type { Of } from '../protocol/codec.ts';
import { type Call, type Methods, unary } from '../transport/server.ts';
import { CallError } from '../transport/status.ts';
import type { Request } from './build.ts';

export type Asked = Pick<Request, 'frontend' | 'attributes' | 'inputs' | 'cacheImports'>;

/** What a client said about one of its builds. */
export class Bridge {
  readonly ref: string;
  readonly request: SolveRequest;
  readonly #requests = new Map<string, Asked>();
  readonly #images = new Map<string, Promise<string>>();
  readonly returned: Promise<Asked | undefined>;
  readonly giveBack: (outcome: Of<typeof ReturnRequest>) => void;

  /** Aborted when the client gives the build up. */
  readonly signal: AbortSignal;

  constructor(request: SolveRequest, signal: AbortSignal) {
    this.ref = request.ref;
    this.request = request;
    this.signal = signal;
    const { promise, resolve, reject } = Promise.withResolvers<Asked | undefined>();
    this.returned = promise;
    promise.catch(() => undefined);
    this.giveBack = ({ result, error }) => {
      if (error) {
        const details = error.details.map(({ typeUrl, value }) => ({
          typeUrl,
          value: JSON.parse(Buffer.from(value).toString('utf8')) as unknown,
        }));
        reject(new CallError(error.code, error.message, details));
      } else resolve(this.#chosen(result));
    };
  }

  add(spec: Asked): string {
    if (this.#requests.size >= 1000) throw invalid('too many results in one build');
    const id = randomBytes(16).toString('hex');
    this.#requests.set(id, spec);
    return id;
  }

  get(id: string): Asked {
    const spec = this.#requests.get(id);
    if (!spec) throw notFound(`return reference ${id} was not found`);
    return spec;
  }

  /** The id of a result's image, made once. */
  image(id: string, make: (asked: Asked) => Promise<string>): Promise<string> {
    let image = this.#images.get(id);
    if (!image) {
      image = make(this.get(id));
      image.catch(() => undefined);
      this.#images.set(id, image);
    }
    return image;
  }

  /** Resolves when no result is being made any more: what it is made of goes with the build. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#images.values());
  }

  /** Results of several platforms are one build here. */
  async #chosen(result: Of<typeof Result> | undefined): Promise<Asked | undefined> {
    const ids = [result?.ref?.id ?? '', ...[...(result?.refs?.refs.values() ?? [])].map(({ id }) => id)];
    const id = ids.find((one) => one !== '');
    const asked = id === undefined ? undefined : this.#requests.get(id);
    const image = id === undefined ? undefined : this.#images.get(id);
    if (!asked || !image) return asked;
    // what has been made for this very build is no old cache: it is not made again
    await image.catch(() => undefined);
    return { ...asked, attributes: new Map([...asked.attributes].filter(([key]) => key !== 'no-cache')) };
  }
}

const BUILD_ID = 'buildkit-controlapi-buildid';
const SERVICE = '/moby.buildkit.v1.frontend.LLBBridge/';
/** Stands for a result in a definition that is given to another build of the client. */
const RESULT = 'berth-result://';

const FRONTEND_CAPS = [
  'solve.base',
  'return',
  'returnmap',
  'importcaches',
  'proto.refarray',
  'reference.output',
  'frontend.inputs',
  'frontend.caps',
  'gateway.evaluate',
];
const LLB_CAPS = [
  'source.image',
  'source.image.resolvemode',
  'source.local',
  'source.local.unique',
  'source.local.sessionid',
  'source.local.includepatterns',
  'source.local.followpaths',
  'source.local.excludepatterns',
  'source.local.sharedkeyhint',
  'source.git',
  'source.git.keepgitdir',
  'source.git.fullurl',
  'source.http',
  'source.http.checksum',
  'exec.meta.base',
  'exec.meta.network',
  'exec.mount.bind',
  'exec.mount.cache',
  'exec.mount.secret',
  'exec.mount.ssh',
  'exec.mount.tmpfs',
  'file.base',
  'constraints',
  'platform',
  'exporter.sourcedateepoch',
  'exporter.multiple',
  'exporter.image.attestations',
  'exporter.image.annotations',
];

export interface Gateway {
  bridge(ref: string, signal: AbortSignal): Promise<Bridge>;
  /** What `requestid` asks for besides a build: lint, targets, outline. */
  subrequest(name: string, bridge: Bridge, spec: Asked, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Makes a result without giving it out. */
  evaluate(bridge: Bridge, id: string): Promise<void>;
  /** Begins to make what other builds have given into this one: those may be over before this one begins. */
  begin(spec: Asked): void;
  readonly workers: Of<typeof Pong>['workers'];
}

export function gatewayMethods(gateway: Gateway): Methods {
  const of = ({ metadata, signal }: Call): Promise<Bridge> => {
    const ref = String(metadata[BUILD_ID] ?? '');
    if (ref === '') throw invalid('no buildid found in context');
    return gateway.bridge(ref, signal);
  };
  const caps = (ids: readonly string[]) => ids.map((id) => ({ id, enabled: true }));
  return new Map([
    [
      `${SERVICE}Ping`,
      unary(Empty, Pong, async (_, call) => {
        await of(call);
        return { frontendCaps: caps(FRONTEND_CAPS), llbCaps: caps(LLB_CAPS), workers: gateway.workers };
      }),
    ],
    [
      `${SERVICE}Solve`,
      unary(GatewaySolveRequest, GatewaySolveResponse, async (request, call) => {
        const bridge = await of(call);
        if (request.definition && request.definition.def.length > 0)
          throw notImplemented('graphs of operations are not implemented by this daemon: frontends are');
        const spec = {
          frontend: request.frontend,
          attributes: request.frontendOpt,
          inputs: request.frontendInputs,
          cacheImports: request.cacheImports,
        };
        const subrequest = request.frontendOpt.get('requestid');
        if (subrequest !== undefined) {
          const metadata = await gateway.subrequest(subrequest, bridge, spec, call.signal);
          return { result: { ref: { id: '', def: undefined }, refs: undefined, metadata } };
        }
        const id = bridge.add(spec);
        gateway.begin(spec);
        const def = standIn(`${RESULT}${bridge.ref}/${id}`);
        return { result: { ref: { id, def }, refs: undefined, metadata: new Map() } };
      }),
    ],
    [
      `${SERVICE}Evaluate`,
      unary(RefRequest, Empty, async ({ ref }, call) => {
        const bridge = await of(call);
        await unlessAborted(gateway.evaluate(bridge, ref), call.signal);
        return {};
      }),
    ],
    [`${SERVICE}Inputs`, unary(Empty, InputsResponse, async (_, call) => (await of(call), {}))],
    [
      `${SERVICE}Return`,
      unary(ReturnRequest, Empty, async (request, call) => {
        (await of(call)).giveBack(request);
        return {};
      }),
    ],
  ]);
}

/** A definition as clients take one: an operation, and one behind it that names it as the outcome. */
function standIn(identifier: string): Of<typeof Definition> {
  const op = Op.encode({ source: { identifier, attrs: new Map() } });
  const digest = sha256(op);
  return { def: [op, Op.encode({ inputs: [{ digest, index: 0 }] })], metadata: new Map([[digest, {}]]) };
}

/** The build and the result in it that a source of a definition stands for. */
export function resultNamed(identifier: string): { readonly ref: string; readonly id: string } | undefined {
  if (!identifier.startsWith(RESULT)) return undefined;
  const [ref = '', id = ''] = identifier.slice(RESULT.length).split('/');
  return { ref, id };
}

/** The first source that a definition names. */
export function sourceIn(definition: Of<typeof Definition>): string | undefined {
  return definition.def.map((op) => Op.decode(op).source?.identifier ?? '').find((one) => one !== '');
}

/** Waits for what the client gives back; throws when it goes before. */
export function returnedBy(bridge: Bridge, signal: AbortSignal): Promise<Asked | undefined> {
  return unlessAborted(bridge.returned, signal);
}

export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const gone = Promise.withResolvers<never>();
  const onAbort = (): void => gone.reject(cancelled('context canceled'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([promise, gone.promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
