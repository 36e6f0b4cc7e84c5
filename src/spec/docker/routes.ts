// The Engine API as one table: handlers, client and docs/compat.md take their routes and query parameters from here.

/** How a query parameter is read: Docker's booleans, 64-bit integers, text, a list (repeated or comma separated), texts (repeated only), a filters object. */
export type ParamKind = 'bool' | 'int' | 'bytes' | 'text' | 'list' | 'texts' | 'filters';

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** `{name}` is one segment; that of an image or a link may hold slashes. */
  readonly path: string;
  readonly query?: Readonly<Record<string, ParamKind>>;
}

export const routes = {
  // System
  SystemPing: { method: 'GET', path: '/_ping' },
  SystemPingHead: { method: 'HEAD', path: '/_ping' },
  SystemAuth: { method: 'POST', path: '/auth' },
  SystemEvents: { method: 'GET', path: '/events', query: { since: 'text', until: 'text', filters: 'filters' } },
  SystemInfo: { method: 'GET', path: '/info' },
  SystemDataUsage: { method: 'GET', path: '/system/df', query: { type: 'list', verbose: 'bool' } },
  SystemVersion: { method: 'GET', path: '/version' },
  // Container
  ContainerCreate: { method: 'POST', path: '/containers/create', query: { name: 'text', platform: 'text' } },
  ContainerList: {
    method: 'GET',
    path: '/containers/json',
    query: { all: 'bool', limit: 'int', size: 'bool', filters: 'filters' },
  },
  ContainerPrune: { method: 'POST', path: '/containers/prune', query: { filters: 'filters' } },
  ContainerDelete: { method: 'DELETE', path: '/containers/{id}', query: { v: 'bool', force: 'bool', link: 'bool' } },
  ContainerArchive: { method: 'GET', path: '/containers/{id}/archive', query: { path: 'text' } },
  ContainerArchiveInfo: { method: 'HEAD', path: '/containers/{id}/archive', query: { path: 'text' } },
  PutContainerArchive: {
    method: 'PUT',
    path: '/containers/{id}/archive',
    query: { path: 'text', noOverwriteDirNonDir: 'text', copyUIDGID: 'text' },
  },
  ContainerAttach: {
    method: 'POST',
    path: '/containers/{id}/attach',
    query: { detachKeys: 'text', logs: 'bool', stream: 'bool', stdin: 'bool', stdout: 'bool', stderr: 'bool' },
  },
  ContainerAttachWebsocket: {
    method: 'GET',
    path: '/containers/{id}/attach/ws',
    query: { detachKeys: 'text', logs: 'bool', stream: 'bool', stdin: 'bool', stdout: 'bool', stderr: 'bool' },
  },
  ContainerChanges: { method: 'GET', path: '/containers/{id}/changes' },
  ContainerExport: { method: 'GET', path: '/containers/{id}/export' },
  ContainerInspect: { method: 'GET', path: '/containers/{id}/json', query: { size: 'bool' } },
  ContainerKill: { method: 'POST', path: '/containers/{id}/kill', query: { signal: 'text' } },
  ContainerLogs: {
    method: 'GET',
    path: '/containers/{id}/logs',
    query: {
      follow: 'bool',
      stdout: 'bool',
      stderr: 'bool',
      since: 'text',
      until: 'text',
      timestamps: 'bool',
      tail: 'text',
      details: 'bool',
    },
  },
  ContainerPause: { method: 'POST', path: '/containers/{id}/pause' },
  ContainerRename: { method: 'POST', path: '/containers/{id}/rename', query: { name: 'text' } },
  ContainerResize: { method: 'POST', path: '/containers/{id}/resize', query: { h: 'text', w: 'text' } },
  ContainerRestart: { method: 'POST', path: '/containers/{id}/restart', query: { signal: 'text', t: 'int' } },
  ContainerStart: {
    method: 'POST',
    path: '/containers/{id}/start',
    query: { detachKeys: 'text', checkpoint: 'text', 'checkpoint-dir': 'text' },
  },
  ContainerStats: { method: 'GET', path: '/containers/{id}/stats', query: { stream: 'bool', 'one-shot': 'bool' } },
  ContainerStop: { method: 'POST', path: '/containers/{id}/stop', query: { signal: 'text', t: 'int' } },
  ContainerTop: { method: 'GET', path: '/containers/{id}/top', query: { ps_args: 'text' } },
  ContainerUnpause: { method: 'POST', path: '/containers/{id}/unpause' },
  ContainerUpdate: { method: 'POST', path: '/containers/{id}/update' },
  ContainerWait: { method: 'POST', path: '/containers/{id}/wait', query: { condition: 'text' } },
  // Exec
  ContainerExec: { method: 'POST', path: '/containers/{id}/exec' },
  ExecInspect: { method: 'GET', path: '/exec/{id}/json' },
  ExecResize: { method: 'POST', path: '/exec/{id}/resize', query: { h: 'text', w: 'text' } },
  ExecStart: { method: 'POST', path: '/exec/{id}/start' },
  // Image
  ImageBuild: {
    method: 'POST',
    path: '/build',
    query: {
      dockerfile: 'text',
      t: 'texts',
      extrahosts: 'list',
      remote: 'text',
      q: 'bool',
      nocache: 'bool',
      cachefrom: 'text',
      pull: 'text',
      rm: 'bool',
      forcerm: 'bool',
      memory: 'int',
      memswap: 'int',
      cpushares: 'int',
      cpusetcpus: 'text',
      cpuperiod: 'int',
      cpuquota: 'int',
      buildargs: 'text',
      shmsize: 'int',
      squash: 'bool',
      labels: 'text',
      networkmode: 'text',
      platform: 'text',
      target: 'text',
      outputs: 'text',
      version: 'text',
      ulimits: 'text',
      cpusetmems: 'text',
      cgroupparent: 'text',
      session: 'text',
      buildid: 'text',
      securityopt: 'text',
      isolation: 'text',
    },
  },
  BuildPrune: {
    method: 'POST',
    path: '/build/prune',
    query: {
      'keep-storage': 'bytes',
      'reserved-space': 'bytes',
      'max-used-space': 'bytes',
      'min-free-space': 'bytes',
      all: 'bool',
      filters: 'filters',
    },
  },
  ImageCommit: {
    method: 'POST',
    path: '/commit',
    query: {
      container: 'text',
      repo: 'text',
      tag: 'text',
      comment: 'text',
      author: 'text',
      pause: 'bool',
      changes: 'texts',
    },
  },
  ImageCreate: {
    method: 'POST',
    path: '/images/create',
    query: {
      fromImage: 'text',
      fromSrc: 'text',
      repo: 'text',
      tag: 'text',
      message: 'text',
      changes: 'texts',
      platform: 'text',
    },
  },
  ImageGetAll: { method: 'GET', path: '/images/get', query: { names: 'texts', platform: 'texts' } },
  ImageList: {
    method: 'GET',
    path: '/images/json',
    query: {
      all: 'bool',
      filters: 'filters',
      /** Of versions before 1.41: a name. */
      filter: 'text',
      'shared-size': 'bool',
      digests: 'bool',
      manifests: 'bool',
      identity: 'bool',
    },
  },
  ImageLoad: { method: 'POST', path: '/images/load', query: { quiet: 'bool', platform: 'texts' } },
  ImagePrune: { method: 'POST', path: '/images/prune', query: { filters: 'filters' } },
  ImageSearch: { method: 'GET', path: '/images/search', query: { term: 'text', limit: 'int', filters: 'filters' } },
  ImageDelete: {
    method: 'DELETE',
    path: '/images/{name}',
    query: { force: 'bool', noprune: 'bool', platforms: 'texts' },
  },
  ImageAttestations: {
    method: 'GET',
    path: '/images/{name}/attestations',
    query: { platform: 'texts', type: 'texts', statement: 'bool' },
  },
  ImageGet: { method: 'GET', path: '/images/{name}/get', query: { platform: 'texts' } },
  ImageHistory: { method: 'GET', path: '/images/{name}/history', query: { platform: 'text' } },
  ImageInspect: { method: 'GET', path: '/images/{name}/json', query: { manifests: 'bool', platform: 'text' } },
  ImagePush: { method: 'POST', path: '/images/{name}/push', query: { tag: 'text', platform: 'text' } },
  ImageTag: { method: 'POST', path: '/images/{name}/tag', query: { repo: 'text', tag: 'text' } },
  BuildCancel: { method: 'POST', path: '/build/cancel', query: { id: 'text' } },
  // Network
  NetworkList: { method: 'GET', path: '/networks', query: { filters: 'filters' } },
  NetworkCreate: { method: 'POST', path: '/networks/create' },
  NetworkPrune: { method: 'POST', path: '/networks/prune', query: { filters: 'filters' } },
  NetworkDelete: { method: 'DELETE', path: '/networks/{id}' },
  NetworkInspect: { method: 'GET', path: '/networks/{id}', query: { verbose: 'bool', scope: 'text' } },
  NetworkConnect: { method: 'POST', path: '/networks/{id}/connect' },
  NetworkDisconnect: { method: 'POST', path: '/networks/{id}/disconnect' },
  // Volume
  VolumeList: { method: 'GET', path: '/volumes', query: { filters: 'filters' } },
  VolumeCreate: { method: 'POST', path: '/volumes/create' },
  VolumePrune: { method: 'POST', path: '/volumes/prune', query: { filters: 'filters' } },
  VolumeDelete: { method: 'DELETE', path: '/volumes/{name}', query: { force: 'bool' } },
  VolumeInspect: { method: 'GET', path: '/volumes/{name}' },
  VolumeUpdate: { method: 'PUT', path: '/volumes/{name}', query: { version: 'int' } },
  // Session
  Session: { method: 'POST', path: '/session' },
  Grpc: { method: 'POST', path: '/grpc' },
  // Distribution
  DistributionInspect: { method: 'GET', path: '/distribution/{name}/json' },
  // Checkpoint
  CheckpointList: { method: 'GET', path: '/containers/{id}/checkpoints', query: { dir: 'text' } },
  CheckpointCreate: { method: 'POST', path: '/containers/{id}/checkpoints' },
  CheckpointDelete: { method: 'DELETE', path: '/containers/{id}/checkpoints/{checkpoint}', query: { dir: 'text' } },
  // Swarm
  SwarmInspect: { method: 'GET', path: '/swarm' },
  SwarmInit: { method: 'POST', path: '/swarm/init' },
  SwarmJoin: { method: 'POST', path: '/swarm/join' },
  SwarmLeave: { method: 'POST', path: '/swarm/leave', query: { force: 'bool' } },
  SwarmUnlock: { method: 'POST', path: '/swarm/unlock' },
  SwarmUnlockkey: { method: 'GET', path: '/swarm/unlockkey' },
  SwarmUpdate: {
    method: 'POST',
    path: '/swarm/update',
    query: { version: 'int', rotateWorkerToken: 'bool', rotateManagerToken: 'bool', rotateManagerUnlockKey: 'bool' },
  },
  // Node
  NodeList: { method: 'GET', path: '/nodes', query: { filters: 'filters' } },
  NodeDelete: { method: 'DELETE', path: '/nodes/{id}', query: { force: 'bool' } },
  NodeInspect: { method: 'GET', path: '/nodes/{id}' },
  NodeUpdate: { method: 'POST', path: '/nodes/{id}/update', query: { version: 'int' } },
  // Service
  ServiceList: { method: 'GET', path: '/services', query: { filters: 'filters', status: 'bool' } },
  ServiceCreate: { method: 'POST', path: '/services/create' },
  ServiceDelete: { method: 'DELETE', path: '/services/{id}' },
  ServiceInspect: { method: 'GET', path: '/services/{id}', query: { insertDefaults: 'bool' } },
  ServiceLogs: {
    method: 'GET',
    path: '/services/{id}/logs',
    query: {
      details: 'bool',
      follow: 'bool',
      stdout: 'bool',
      stderr: 'bool',
      since: 'int',
      timestamps: 'bool',
      tail: 'text',
    },
  },
  ServiceUpdate: {
    method: 'POST',
    path: '/services/{id}/update',
    query: { version: 'int', registryAuthFrom: 'text', rollback: 'text' },
  },
  // Task
  TaskList: { method: 'GET', path: '/tasks', query: { filters: 'filters' } },
  TaskInspect: { method: 'GET', path: '/tasks/{id}' },
  TaskLogs: {
    method: 'GET',
    path: '/tasks/{id}/logs',
    query: {
      details: 'bool',
      follow: 'bool',
      stdout: 'bool',
      stderr: 'bool',
      since: 'int',
      timestamps: 'bool',
      tail: 'text',
    },
  },
  // Secret
  SecretList: { method: 'GET', path: '/secrets', query: { filters: 'filters' } },
  SecretCreate: { method: 'POST', path: '/secrets/create' },
  SecretDelete: { method: 'DELETE', path: '/secrets/{id}' },
  SecretInspect: { method: 'GET', path: '/secrets/{id}' },
  SecretUpdate: { method: 'POST', path: '/secrets/{id}/update', query: { version: 'int' } },
  // Config
  ConfigList: { method: 'GET', path: '/configs', query: { filters: 'filters' } },
  ConfigCreate: { method: 'POST', path: '/configs/create' },
  ConfigDelete: { method: 'DELETE', path: '/configs/{id}' },
  ConfigInspect: { method: 'GET', path: '/configs/{id}' },
  ConfigUpdate: { method: 'POST', path: '/configs/{id}/update', query: { version: 'int' } },
  // Plugin
  PluginList: { method: 'GET', path: '/plugins', query: { filters: 'filters' } },
  PluginCreate: { method: 'POST', path: '/plugins/create', query: { name: 'text' } },
  GetPluginPrivileges: { method: 'GET', path: '/plugins/privileges', query: { remote: 'text' } },
  PluginPull: { method: 'POST', path: '/plugins/pull', query: { remote: 'text', name: 'text' } },
  PluginDelete: { method: 'DELETE', path: '/plugins/{name}', query: { force: 'bool' } },
  PluginDisable: { method: 'POST', path: '/plugins/{name}/disable', query: { force: 'bool' } },
  PluginEnable: { method: 'POST', path: '/plugins/{name}/enable', query: { timeout: 'int' } },
  PluginInspect: { method: 'GET', path: '/plugins/{name}/json' },
  PluginPush: { method: 'POST', path: '/plugins/{name}/push' },
  PluginSet: { method: 'POST', path: '/plugins/{name}/set' },
  PluginUpgrade: { method: 'POST', path: '/plugins/{name}/upgrade', query: { remote: 'text' } },
  // Berth's own
  BerthRegistryTags: { method: 'GET', path: '/berth/registry/tags', query: { name: 'text', limit: 'int' } },
  BerthRegistryManifest: {
    method: 'GET',
    path: '/berth/registry/manifest',
    query: { name: 'text', insecure: 'bool' },
  },
  BerthRegistryPublish: {
    method: 'POST',
    path: '/berth/registry/manifest',
    query: { name: 'text', insecure: 'bool' },
  },
  BerthClusterStatus: { method: 'GET', path: '/berth/cluster' },
  BerthClusterBackup: { method: 'GET', path: '/berth/cluster/backup' },
  BerthClusterRestore: { method: 'POST', path: '/berth/cluster/restore' },
  BerthClusterWhatIf: { method: 'POST', path: '/berth/cluster/what-if' },
  BerthKvList: { method: 'GET', path: '/berth/cluster/kv', query: { prefix: 'text' } },
  BerthKvGet: { method: 'GET', path: '/berth/cluster/kv/entry', query: { key: 'text' } },
  BerthKvPut: {
    method: 'PUT',
    path: '/berth/cluster/kv/entry',
    query: { key: 'text', lease: 'text', revision: 'int' },
  },
  BerthKvDelete: {
    method: 'DELETE',
    path: '/berth/cluster/kv/entry',
    query: { key: 'text', prefix: 'text', revision: 'int' },
  },
  BerthKvWatch: {
    method: 'GET',
    path: '/berth/cluster/kv/watch',
    query: { prefix: 'text', since: 'int', wait: 'int' },
  },
  BerthKvLeaseGrant: { method: 'POST', path: '/berth/cluster/kv/leases', query: { seconds: 'int' } },
  BerthKvLeaseKeepAlive: { method: 'POST', path: '/berth/cluster/kv/leases/{id}/keepalive' },
  BerthKvLeaseRevoke: { method: 'DELETE', path: '/berth/cluster/kv/leases/{id}' },
  BerthAutoscaleExplain: { method: 'GET', path: '/berth/services/{id}/autoscale' },
  BerthTaskWhy: { method: 'GET', path: '/berth/tasks/{id}/why' },
  BerthBuild: { method: 'POST', path: '/berth/build' },
  BerthCacheList: { method: 'GET', path: '/berth/caches' },
  BerthCacheExport: { method: 'GET', path: '/berth/caches/archive', query: { id: 'text' } },
  BerthCacheImport: { method: 'POST', path: '/berth/caches/archive', query: { id: 'text' } },
  BerthBuildList: { method: 'GET', path: '/berth/builds' },
  BerthBuildInspect: { method: 'GET', path: '/berth/builds/{id}' },
  BerthBuildLogs: { method: 'GET', path: '/berth/builds/{id}/logs', query: { follow: 'bool' } },
  BerthBuildDelete: { method: 'DELETE', path: '/berth/builds/{id}' },
  BerthStoreCheck: { method: 'GET', path: '/berth/system/check' },
  BerthStoreRepair: { method: 'POST', path: '/berth/system/check' },
  BerthImageWhy: { method: 'GET', path: '/berth/images/why', query: { name: 'text', path: 'text' } },
  BerthNetworkExplain: {
    method: 'GET',
    path: '/berth/networks/explain',
    query: { from: 'text', to: 'text', port: 'int', protocol: 'text' },
  },
  BerthContainerTransfer: { method: 'POST', path: '/berth/containers/{id}/transfer', query: { to: 'text' } },
  BerthRevisionList: { method: 'GET', path: '/berth/projects/{name}/revisions' },
  BerthRevisionAdd: { method: 'POST', path: '/berth/projects/{name}/revisions' },
  BerthRevisionDelete: { method: 'DELETE', path: '/berth/projects/{name}/revisions' },
  BerthPorts: { method: 'GET', path: '/berth/ports' },
  BerthImageBootstrap: { method: 'POST', path: '/berth/images/bootstrap', query: { name: 'text' } },
} as const satisfies Record<string, Route>;

export type RouteId = keyof typeof routes;

/** Key -> accepted values, as `filters={"label":["a","b"]}` means. */
export type Filters = ReadonlyMap<string, readonly string[]>;

interface ParamTypes {
  bool: boolean;
  int: number;
  bytes: number;
  text: string;
  list: readonly string[];
  texts: readonly string[];
  filters: Filters;
}

/** The query parameters of a route, each absent unless the caller gave it. */
export type Query<Id extends RouteId> = (typeof routes)[Id] extends {
  readonly query: infer Q extends Record<string, ParamKind>;
}
  ? { readonly [P in keyof Q]?: ParamTypes[Q[P]] }
  : { readonly [P in never]?: never };
