// The keys of a cluster's specs as Docker spells them: Go reads `mode` or `MODE` as `Mode`, and clients (docker-py) count on it.

/** Every field of the specs of services, nodes, swarms, secrets and configs, and of the requests to init and join. */
const FIELDS = `
  AdvertiseAddr Aliases AppArmor Architecture Args Attachable AutoLockManagers Availability BindOptions CACert CAConfig CapabilityAdd
  CapabilityDrop Command Condition Config ConfigID ConfigName Configs Consistency Constraints ContainerSpec CreateMountpoint
  CredentialSpec DNSConfig Data DataPathAddr DataPathPort DefaultAddrPool Delay Dir DiscreteResourceSpec Dispatcher Driver DriverConfig
  DriverOpts ElectionTick EncryptionConfig EndpointSpec Env ExternalCAs FailureAction File ForceNewCluster ForceRotate ForceUpdate GID
  GenericResources Global GlobalJob Groups Hard Healthcheck HeartbeatPeriod HeartbeatTick Hostname Hosts Image ImageOptions Init
  Interval Isolation JoinToken KeepOldSnapshots Kind Labels Level Limits ListenAddr LogDriver LogEntriesForSlowFollowers MaxAttempts
  MaxConcurrent MaxFailureRatio MaxReplicas MemoryBytes Mode Monitor Mounts Name NamedResourceSpec Nameservers NanoCPUs
  NetworkAttachmentSpec Networks NoCopy NoNewPrivileges NodeCertExpiry NonRecursive OS OomScoreAdj OpenStdin Options Orchestration
  Order Parallelism Pids Placement Platforms PluginSpec Ports Preferences Privileges Propagation Protocol PublishMode PublishedPort Raft
  ReadOnly ReadOnlyForceRecursive ReadOnlyNonRecursive Registry RemoteAddrs Replicas Replicated ReplicatedJob Reservations Resources
  RestartPolicy Retries Role RollbackConfig Runtime SELinuxContext Search Seccomp SecretID SecretName Secrets SigningCACert
  SigningCAKey SizeBytes SnapshotInterval Soft Source Spec Spread SpreadDescriptor StartInterval StartPeriod StopGracePeriod StopSignal
  SubnetSize Subpath Sysctls TTY Target TargetPort TaskDefaults TaskHistoryRetentionLimit TaskTemplate Templating Test Timeout
  TmpfsOptions TotalCompletions Type UID URL Ulimits UpdateConfig User Value VolumeOptions Window
`;

const SPELLED = new Map(
  FIELDS.trim()
    .split(/\s+/)
    .map((name) => [name.toLowerCase(), name]),
);

/** What has keys of the user's own. */
const MAPS = new Set(['Labels', 'Sysctls', 'Options', 'DriverOpts']);

/** The same value with the known keys spelled as Docker does; of two spellings of one key the later wins, as in Go. */
export function spelled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]: [string, unknown]) => {
      const name = SPELLED.get(key.toLowerCase()) ?? key;
      return [name, MAPS.has(name) ? one : spelled(one)];
    }),
  );
}
