// The canonical project as a table: its keys in the order of docker compose's own types, which is that of what is printed and
// of what is hashed.
import type { Project } from '../model/project.ts';
import {
  bool,
  bytes,
  command,
  deviceCount,
  duration,
  embedded,
  type Fields,
  fileMode,
  float32,
  healthTest,
  hosts,
  int,
  type Kind,
  list,
  mapping,
  maybeBool,
  maybeDuration,
  maybeInt,
  multiOptions,
  plainInt,
  pointer,
  record,
  struct,
  text,
  texts,
  ulimit,
  variables,
} from './kinds.ts';

const always = { keep: 'always' } as const;
const inJson = { keep: 'json' } as const;

const fileReference = struct({ source: text, target: text, uid: text, gid: text, mode: fileMode });
const ulimits = record(ulimit);

const hook = struct({
  command: { kind: command, ...inJson },
  user: text,
  privileged: bool,
  working_dir: text,
  environment: variables,
});

const preStart = struct({
  command: { kind: command, ...inJson },
  image: text,
  user: text,
  privileged: bool,
  working_dir: text,
  environment: variables,
  per_replica: bool,
});

/** A key, or a key with where it is. */
const sshKeys: Kind<readonly { readonly id: string; readonly path?: string }[]> = {
  read: (value) =>
    typeof value !== 'object' || value === null
      ? undefined
      : Object.entries(value).map(([id, path]) => ({ id, ...(path === null ? {} : { path: String(path) }) })),
  print: (value) => value.map(({ id, path }) => (path === undefined || path === '' ? id : `${id}: ${path}`)),
  isZero: (value) => value.length === 0,
};

const build = struct({
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  entitlements: texts,
  args: variables,
  provenance: text,
  sbom: text,
  ssh: sshKeys,
  labels: mapping,
  cache_from: texts,
  cache_to: texts,
  no_cache: bool,
  no_cache_filter: texts,
  additional_contexts: mapping,
  pull: bool,
  extra_hosts: hosts,
  isolation: text,
  network: text,
  target: text,
  secrets: list(fileReference),
  shm_size: bytes,
  tags: texts,
  ulimits,
  platforms: texts,
  privileged: bool,
});

const develop = struct({
  watch: list(
    struct({
      path: { kind: text, ...always, empty: '' },
      action: { kind: text, ...always, empty: '' },
      target: text,
      exec: { kind: embedded(hook), ...inJson, empty: { command: null } },
      include: texts,
      ignore: texts,
      initial_sync: bool,
    }),
  ),
});

const weightDevice = struct({
  path: { kind: text, json: 'Path', ...always, empty: '' },
  weight: { kind: plainInt, json: 'Weight', ...always, empty: 0 },
});
const throttleDevice = struct({
  path: { kind: text, json: 'Path', ...always, empty: '' },
  rate: { kind: bytes, json: 'Rate', ...always, empty: '0' },
});
const blkio = struct({
  weight: int,
  weight_device: list(weightDevice),
  device_read_bps: list(throttleDevice),
  device_read_iops: list(throttleDevice),
  device_write_bps: list(throttleDevice),
  device_write_iops: list(throttleDevice),
});

const updateConfig = struct({
  parallelism: maybeInt,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: float32,
  order: text,
});

const deviceRequest = struct({
  capabilities: texts,
  driver: text,
  count: deviceCount,
  device_ids: texts,
  options: mapping,
});

const resource = struct({
  cpus: float32,
  memory: bytes,
  pids: int,
  devices: list(deviceRequest),
  generic_resources: list(
    struct({
      discrete_resource_spec: pointer(
        struct({ kind: { kind: text, ...always, empty: '' }, value: { kind: plainInt, ...always, empty: 0 } }),
      ),
    }),
  ),
});

const deploy = struct({
  mode: text,
  replicas: maybeInt,
  labels: mapping,
  update_config: pointer(updateConfig),
  rollback_config: pointer(updateConfig),
  resources: {
    kind: embedded(struct({ limits: pointer(resource), reservations: pointer(resource) })),
    ...inJson,
    empty: {},
  },
  restart_policy: pointer(
    struct({ condition: text, delay: maybeDuration, max_attempts: maybeInt, window: maybeDuration }),
  ),
  placement: {
    kind: embedded(
      struct({ constraints: texts, preferences: list(struct({ spread: text })), max_replicas_per_node: int }),
    ),
    ...inJson,
    empty: {},
  },
  endpoint_mode: text,
});

const pathOf = ({ path }: Readonly<Record<string, unknown>>): string => (typeof path === 'string' ? path : '');

/** A file that must be there is printed as its path. */
const envFileStruct = struct({ path: text, required: { kind: maybeBool, ...always, empty: false }, format: text });
const envFile: Kind<Readonly<Record<string, unknown>>> = {
  ...envFileStruct,
  print: (value, style) => {
    if (value['required'] === true) return pathOf(value);
    return style === 'json' ? envFileStruct.print(value, style) : { path: pathOf(value), required: false };
  },
};

const healthcheck = struct({
  test: healthTest,
  timeout: maybeDuration,
  interval: maybeDuration,
  retries: maybeInt,
  start_period: maybeDuration,
  start_interval: maybeDuration,
  disable: bool,
});

const serviceNetwork = struct({
  aliases: texts,
  driver_opts: mapping,
  gw_priority: int,
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: texts,
  mac_address: text,
  priority: int,
});

const port = struct({
  name: text,
  mode: text,
  host_ip: text,
  target: int,
  published: text,
  protocol: text,
  app_protocol: text,
});

const mount = struct({
  type: text,
  source: text,
  target: text,
  read_only: bool,
  consistency: text,
  bind: pointer(struct({ selinux: text, propagation: text, create_host_path: bool, recursive: text })),
  volume: pointer(struct({ labels: mapping, nocopy: bool, subpath: text })),
  tmpfs: pointer(struct({ size: bytes, mode: int })),
  image: pointer(struct({ subpath: text })),
});

const dependency = struct({
  condition: text,
  restart: bool,
  required: { kind: maybeBool, ...always, empty: false },
});

const serviceFields: Fields = {
  profiles: texts,
  annotations: mapping,
  attach: maybeBool,
  build: pointer(build),
  develop: pointer(develop),
  blkio_config: pointer(blkio),
  cap_add: texts,
  cap_drop: texts,
  cgroup_parent: text,
  cgroup: text,
  cpu_count: int,
  cpu_percent: float32,
  cpu_period: int,
  cpu_quota: int,
  cpu_rt_period: int,
  cpu_rt_runtime: int,
  cpus: float32,
  cpuset: text,
  cpu_shares: int,
  command: { kind: command, ...inJson },
  configs: list(fileReference),
  container_name: text,
  credential_spec: pointer(struct({ config: text, file: text, registry: text })),
  depends_on: record(dependency),
  deploy: pointer(deploy),
  device_cgroup_rules: texts,
  devices: list(struct({ source: text, target: text, permissions: text })),
  dns: texts,
  dns_opt: texts,
  dns_search: texts,
  domainname: text,
  entrypoint: { kind: command, ...inJson },
  provider: pointer(struct({ type: text, options: multiOptions })),
  environment: variables,
  env_file: list(envFile),
  expose: texts,
  external_links: texts,
  extra_hosts: hosts,
  group_add: texts,
  gpus: list(deviceRequest),
  hostname: text,
  healthcheck: pointer(healthcheck),
  image: text,
  init: maybeBool,
  ipc: text,
  isolation: text,
  labels: mapping,
  label_file: texts,
  links: texts,
  logging: pointer(struct({ driver: text, options: mapping })),
  mem_limit: bytes,
  mem_reservation: bytes,
  memswap_limit: bytes,
  mem_swappiness: bytes,
  mac_address: text,
  models: record(struct({ endpoint_var: text, model_var: text }), true),
  network_mode: text,
  networks: record(serviceNetwork, true),
  oom_kill_disable: bool,
  oom_score_adj: int,
  pid: text,
  pids_limit: int,
  platform: text,
  ports: list(port),
  privileged: bool,
  pull_policy: text,
  read_only: bool,
  restart: text,
  runtime: text,
  scale: maybeInt,
  secrets: list(fileReference),
  security_opt: texts,
  shm_size: bytes,
  stdin_open: bool,
  stop_grace_period: maybeDuration,
  stop_signal: text,
  storage_opt: mapping,
  sysctls: mapping,
  tmpfs: texts,
  tty: bool,
  ulimits,
  use_api_socket: bool,
  user: text,
  userns_mode: text,
  uts: text,
  volumes: list(mount),
  volumes_from: texts,
  working_dir: text,
  pre_start: list(preStart),
  post_start: list(hook),
  pre_stop: list(hook),
};

export const service = struct(serviceFields);

export const network = struct({
  name: text,
  driver: text,
  driver_opts: mapping,
  ipam: {
    kind: embedded(
      struct({
        driver: text,
        config: list(pointer(struct({ subnet: text, gateway: text, ip_range: text, aux_addresses: mapping }))),
      }),
    ),
    ...inJson,
    empty: {},
  },
  external: bool,
  internal: bool,
  attachable: bool,
  labels: mapping,
  enable_ipv4: maybeBool,
  enable_ipv6: maybeBool,
});

export const volume = struct({ name: text, driver: text, driver_opts: mapping, external: bool, labels: mapping });

const fileObjectFields: Fields = {
  name: text,
  file: text,
  environment: text,
  content: text,
  external: bool,
  labels: mapping,
  driver: text,
  driver_opts: mapping,
  template_driver: text,
};

/** What a secret holds is loaded beside it under this key, and never printed. */
export const SECRET_VALUE = 'x-#value';

const fileObject = struct(fileObjectFields);
const secret: typeof fileObject = {
  ...struct(fileObjectFields, (value) => {
    const { [SECRET_VALUE]: content, ...others } = (value['extensions'] ?? {}) as Record<string, unknown>;
    if (content === undefined) return value;
    const { extensions: _, ...rest } = value;
    return { ...rest, content, ...(Object.keys(others).length === 0 ? {} : { extensions: others }) };
  }),
  print: (value, style) => fileObject.print({ ...value, content: undefined }, style),
};
const config: typeof fileObject = {
  ...fileObject,
  print: (value, style) =>
    fileObject.print(value['environment'] === undefined ? value : { ...value, content: undefined }, style),
};

const model = struct({ name: text, model: text, context_size: int, runtime_flags: texts });

export const project = struct({
  name: text,
  services: { kind: record(service), ...always, empty: {} },
  networks: record(network),
  volumes: record(volume),
  secrets: record(secret),
  configs: record(config),
  models: record(model),
}) as unknown as Kind<Project>;
