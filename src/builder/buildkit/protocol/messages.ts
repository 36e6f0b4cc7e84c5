// The messages of BuildKit's protocol that are read or written here, as tables. Numbers are those of its .proto files.
import {
  byteLists,
  bytes,
  bytesMap,
  flag,
  int64,
  listOf,
  mapOf,
  message,
  name,
  number,
  one,
  type Of,
  text,
  textMap,
  texts,
} from './codec.ts';

export const Empty = message({});
export const Timestamp = message({ seconds: int64(1), nanos: number(2) });
export const BytesMessage = message({ data: bytes(1) });

// ---- filesync: the client's files, one packet after another

export const PacketType = { stat: 0, req: 1, data: 2, fin: 3, err: 4 } as const;
export const Stat = message({
  path: name(1),
  mode: number(2),
  uid: number(3),
  gid: number(4),
  size: number(5),
  modTime: int64(6),
  linkname: name(7),
  devmajor: number(8),
  devminor: number(9),
  xattrs: bytesMap(10),
});
export type Stat = Of<typeof Stat>;
export const Packet = message({ type: number(1), stat: one(2, Stat), id: number(3), data: bytes(4) });

// ---- what else a session serves

export const SecretRequest = message({ id: text(1), annotations: textMap(2) });
export const SecretResponse = message({ data: bytes(1) });
export const CheckAgentRequest = message({ id: text(1) });
export const CredentialsRequest = message({ host: text(1) });
export const CredentialsResponse = message({ username: text(1), secret: text(2) });
export const HealthRequest = message({ service: text(1) });
export const HealthResponse = message({ status: number(1) });

// ---- definitions of graphs: carried, and looked into only as far as they are understood

const SourceOp = message({ identifier: text(1), attrs: textMap(2) });
const Input = message({ digest: text(1), index: number(2) });
export const Op = message({ inputs: listOf(1, Input), source: one(3, SourceOp) });
export const Definition = message({ def: byteLists(1), metadata: mapOf(2, Empty) });
export const Platform = message({ architecture: text(1), os: text(2), variant: text(3), osVersion: text(4) });
const Position = message({ line: number(1), character: number(2) });
const Range = message({ start: one(1, Position), end: one(2, Position) });
const SourceInfo = message({ filename: text(1), data: bytes(2), language: text(4) });

// ---- control

const Exporter = message({ type: text(1), attrs: textMap(2) });
const CacheEntry = message({ type: text(1), attrs: textMap(2) });
const CacheOptions = message({ exports: listOf(4, CacheEntry), imports: listOf(5, CacheEntry) });
export const SolveRequest = message({
  ref: text(1),
  definition: one(2, Definition),
  exporter: text(3),
  exporterAttrs: textMap(4),
  session: text(5),
  frontend: text(6),
  frontendAttrs: textMap(7),
  cache: one(8, CacheOptions),
  entitlements: texts(9),
  frontendInputs: mapOf(10, Definition),
  internal: flag(11),
  exporters: listOf(13, Exporter),
});
export type SolveRequest = Of<typeof SolveRequest>;
export const SolveResponse = message({ exporterResponse: textMap(1) });

export const StatusRequest = message({ ref: text(1) });
export const Vertex = message({
  digest: text(1),
  inputs: texts(2),
  name: text(3),
  cached: flag(4),
  started: one(5, Timestamp),
  completed: one(6, Timestamp),
  error: text(7),
});
export const VertexStatus = message({
  id: text(1),
  vertex: text(2),
  name: text(3),
  current: number(4),
  total: number(5),
  timestamp: one(6, Timestamp),
  started: one(7, Timestamp),
  completed: one(8, Timestamp),
});
export const VertexLog = message({ vertex: text(1), timestamp: one(2, Timestamp), stream: number(3), msg: bytes(4) });
export const VertexWarning = message({
  vertex: text(1),
  level: number(2),
  short: bytes(3),
  detail: byteLists(4),
  url: text(5),
  info: one(6, SourceInfo),
  ranges: listOf(7, Range),
});
export const StatusResponse = message({
  vertexes: listOf(1, Vertex),
  statuses: listOf(2, VertexStatus),
  logs: listOf(3, VertexLog),
  warnings: listOf(4, VertexWarning),
});
export type StatusResponse = Of<typeof StatusResponse>;

const BuildkitVersion = message({ package: text(1), version: text(2), revision: text(3) });
const GcPolicy = message({
  all: flag(1),
  keepDuration: number(2),
  reservedSpace: number(3),
  filters: texts(4),
  maxUsedSpace: number(5),
  minFreeSpace: number(6),
});
const WorkerRecord = message({
  id: text(1),
  labels: textMap(2),
  platforms: listOf(3, Platform),
  gcPolicy: listOf(4, GcPolicy),
  version: one(5, BuildkitVersion),
});
export const ListWorkersResponse = message({ record: listOf(1, WorkerRecord) });
export const InfoResponse = message({ version: one(1, BuildkitVersion) });

export const DiskUsageRequest = message({ filter: texts(1), ageLimit: number(2) });
export const UsageRecord = message({
  id: text(1),
  mutable: flag(2),
  inUse: flag(3),
  size: number(4),
  createdAt: one(6, Timestamp),
  lastUsedAt: one(7, Timestamp),
  usageCount: number(8),
  description: text(9),
  recordType: text(10),
  shared: flag(11),
  parents: texts(12),
});
export const DiskUsageResponse = message({ record: listOf(1, UsageRecord) });
export const PruneRequest = message({
  filter: texts(1),
  all: flag(2),
  keepDuration: number(3),
  reservedSpace: number(4),
  maxUsedSpace: number(5),
  minFreeSpace: number(6),
});

export const HistoryRequest = message({
  activeOnly: flag(1),
  ref: text(2),
  earlyExit: flag(3),
  filter: texts(4),
  limit: number(5),
});
const RpcStatus = message({ code: number(1), message: text(2) });
export const HistoryRecord = message({
  ref: text(1),
  frontend: text(2),
  frontendAttrs: textMap(3),
  exporters: listOf(4, Exporter),
  error: one(5, RpcStatus),
  createdAt: one(6, Timestamp),
  completedAt: one(7, Timestamp),
  exporterResponse: textMap(9),
  cachedSteps: number(15),
  totalSteps: number(16),
  completedSteps: number(17),
  warnings: number(19),
});
export const HistoryEvent = message({ type: number(1), record: one(2, HistoryRecord) });
export const HistoryUpdate = message({ ref: text(1), pinned: flag(2), delete: flag(3), finalize: flag(4) });

// ---- the gateway: builds whose course the client determines

const Ref = message({ id: text(1), def: one(2, Definition) });
const RefMap = message({ refs: mapOf(1, Ref) });
export const Result = message({ ref: one(3, Ref), refs: one(4, RefMap), metadata: bytesMap(10) });
export type Result = Of<typeof Result>;
export const GatewaySolveRequest = message({
  definition: one(1, Definition),
  frontend: text(2),
  frontendOpt: textMap(3),
  cacheImports: listOf(12, CacheEntry),
  frontendInputs: mapOf(13, Definition),
  evaluate: flag(14),
});
export const GatewaySolveResponse = message({ ref: text(1), result: one(3, Result) });
const ReturnError = message({
  code: number(1),
  message: text(2),
  details: listOf(3, message({ typeUrl: text(1), value: bytes(2) })),
});
export const ReturnRequest = message({ result: one(1, Result), error: one(2, ReturnError) });
export const RefRequest = message({ ref: text(1) });
export const InputsResponse = message({ definitions: mapOf(1, Definition) });
const Cap = message({ id: text(1), enabled: flag(2) });
export const Pong = message({
  frontendCaps: listOf(1, Cap),
  llbCaps: listOf(2, Cap),
  workers: listOf(3, WorkerRecord),
});

/** Nanoseconds since 1970 as protobuf's time. */
export function timestamp(nanoseconds: bigint | undefined): Of<typeof Timestamp> | undefined {
  if (nanoseconds === undefined) return undefined;
  return { seconds: nanoseconds / 1_000_000_000n, nanos: Number(nanoseconds % 1_000_000_000n) };
}

// ---- containerd's content store, as a client serves the directory of a build cache

const ContentInfo = message({ digest: text(1), size: int64(2) });
export const InfoRequest = message({ digest: text(1) });
export const ContentInfoResponse = message({ info: one(1, ContentInfo) });
export const ReadContentRequest = message({ digest: text(1), offset: int64(2), size: int64(3) });
export const ReadContentResponse = message({ offset: int64(1), data: bytes(2) });
export const WriteAction = { stat: 0, write: 1, commit: 2 } as const;
export const WriteContentRequest = message({
  action: number(1),
  ref: text(2),
  total: int64(3),
  expected: text(4),
  offset: int64(5),
  data: bytes(6),
});
export const WriteContentResponse = message({ action: number(1), offset: int64(4), total: int64(5), digest: text(6) });
