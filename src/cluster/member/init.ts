// A new cluster on this machine: its authority, its first manager, and its record of itself.
import { createPublicKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { invalid } from '../../base/errors.ts';
import { parseBlock } from '../../base/address.ts';
import { writeNetwork } from '../manager/create-network.ts';
import { DEFAULT_SPEC } from '../model/defaults.ts';
import { newId } from '../model/ids.ts';
import type { Manager } from '../manager/manager.ts';
import { type ClusterSpec, keys, type NodeDescription } from '../model/objects.ts';
import type { Machine } from '../agent/ports.ts';
import { type Authority, issue, newAuthority, newKeyPair } from '../security/authority.ts';
import type { Identity } from '../security/identity.ts';
import { newSealKey, seal, type SealKey } from '../security/seal.ts';
import { sealUnlockKey } from '../security/unlock-key.ts';
import { newToken } from '../security/token.ts';
import { splitAddress } from '../wire/dial.ts';

export interface InitRequest {
  readonly ListenAddr?: string;
  readonly AdvertiseAddr?: string;
  readonly DataPathPort?: number;
  readonly DefaultAddrPool?: readonly string[] | null;
  readonly SubnetSize?: number;
  readonly ForceNewCluster?: boolean;
  readonly Availability?: string;
  readonly Spec?: Partial<ClusterSpec>;
}

export interface MadeCluster {
  readonly identity: Identity;
  readonly authority: Authority;
  readonly request: InitRequest;
  /** With which managers lock their keys, where that was asked for. */
  readonly unlockKey: SealKey | undefined;
}

/** etcd's members listen three above the cluster's port: 2380 beside 2377, as etcd's own default is. */
const PEER_OFFSET = 3;

/** Where this node listens and by what others reach it, each `host:port`, from what was asked. */
export function addressesOf(
  request: { readonly ListenAddr?: string | undefined; readonly AdvertiseAddr?: string | undefined },
  machine: Machine,
): { listen: string; advertise: string; address: string; peer: string } {
  const listen = splitAddress(request.ListenAddr || '0.0.0.0:2377');
  const asked = request.AdvertiseAddr || (isAny(listen.host) ? '' : listen.host);
  const address = asked === '' ? onlyAddress(machine) : resolveDevice(splitAddress(asked).host, machine);
  const port = asked === '' ? listen.port : splitAddress(asked, listen.port).port;
  return {
    listen: join(resolveDevice(listen.host, machine), listen.port),
    advertise: join(address, port),
    address,
    peer: `https://${join(address, listen.port + PEER_OFFSET)}`,
  };
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function join(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function resolveDevice(host: string, machine: Machine): string {
  if (isIP(host) !== 0) return host;
  const found = machine.addresses().find(({ device }) => device === host);
  if (found) return found.address;
  throw invalid(`advertise address must be a non-zero IP address or network interface (with optional port number)`);
}

function onlyAddress(machine: Machine): string {
  const all = machine.addresses();
  const [first, second] = all;
  if (first === undefined) throw invalid("could not find the system's IP address - specify one with --advertise-addr");
  if (second === undefined) return first.address;
  const where =
    first.device === second.device
      ? `this system has multiple addresses on interface ${first.device} (${first.address} and ${second.address})`
      : `this system has multiple addresses on different interfaces (${first.address} on ${first.device} and ${second.address} on ${second.device})`;
  throw invalid(`could not choose an IP address to advertise since ${where} - specify one with --advertise-addr`);
}

export async function makeCluster(request: InitRequest, machine: Machine): Promise<MadeCluster> {
  const { listen, advertise, address, peer } = addressesOf(request, machine);
  const port = request.DataPathPort ?? 0;
  if (port !== 0 && (port < 1024 || port > 49_151))
    throw invalid('rpc error: code = InvalidArgument desc = Invalid port number: must be between 1024 and 49151');
  const authority = await newAuthority();
  const [node, cluster] = [newId(), newId()];
  const pair = newKeyPair();
  const certificate = await issue(authority, {
    node,
    role: 'manager',
    cluster,
    addresses: [address],
    publicKey: pair.publicKey,
    expiryMs: (request.Spec?.CAConfig?.NodeCertExpiry || DEFAULT_SPEC.CAConfig.NodeCertExpiry) / 1e6,
  });
  const identity: Identity = {
    schema: 1,
    node,
    cluster,
    role: 'manager',
    address,
    listen,
    advertise,
    managers: [advertise],
    root: authority.certificate,
    certificate,
    key: pair.key,
    manager: { sealKey: newSealKey(), peer, members: [`${node}=${peer}`], joins: false },
  };
  const isLocked = request.Spec?.EncryptionConfig?.AutoLockManagers ?? false;
  return { identity, authority, request, unlockKey: isLocked ? newSealKey() : undefined };
}

/** Defaults where nothing, or nothing of use, was given. */
export function completeSpec(spec: Partial<ClusterSpec> | undefined): ClusterSpec {
  const merged = { ...DEFAULT_SPEC, ...spec, Name: 'default' };
  const expiry = spec?.CAConfig?.NodeCertExpiry || DEFAULT_SPEC.CAConfig.NodeCertExpiry;
  if (expiry < 3600e9)
    throw invalid('rpc error: code = InvalidArgument desc = minimum certificate expiry time is: 1h0m0s');
  return {
    ...merged,
    Labels: spec?.Labels ?? {},
    Orchestration: {
      TaskHistoryRetentionLimit:
        spec?.Orchestration?.TaskHistoryRetentionLimit ?? DEFAULT_SPEC.Orchestration.TaskHistoryRetentionLimit,
    },
    Raft: { ...DEFAULT_SPEC.Raft, ...present(spec?.Raft) },
    Dispatcher: { HeartbeatPeriod: spec?.Dispatcher?.HeartbeatPeriod || DEFAULT_SPEC.Dispatcher.HeartbeatPeriod },
    CAConfig: { ...spec?.CAConfig, NodeCertExpiry: expiry },
    EncryptionConfig: { AutoLockManagers: spec?.EncryptionConfig?.AutoLockManagers ?? false },
  };
}

function present<T extends object>(values: T | undefined): Partial<T> {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter(([, value]) => value !== null && value !== 0),
  ) as Partial<T>;
}

/** Writes the cluster and its first node into the store. */
export async function firstManager(manager: Manager, made: MadeCluster, machine: Machine): Promise<void> {
  const { identity, authority, request, unlockKey } = made;
  const sealKey = identity.manager?.sealKey ?? '';
  const rootDer = new X509Certificate(authority.certificate).raw;
  await manager.writer.create<'cluster'>('cluster', keys.cluster, {
    ID: identity.cluster,
    Spec: completeSpec(request.Spec),
    JoinTokens: { Worker: newToken(rootDer), Manager: newToken(rootDer) },
    RootCA: { certificate: authority.certificate, sealedKey: seal(sealKey, 'root', Buffer.from(authority.key)) },
    ...(unlockKey === undefined ? {} : { UnlockKey: sealUnlockKey(sealKey, unlockKey) }),
    DefaultAddrPool: request.DefaultAddrPool?.length ? request.DefaultAddrPool : ['10.0.0.0/8'],
    SubnetSize: request.SubnetSize || 24,
    DataPathPort: request.DataPathPort || 4789,
  });
  await writeNetwork(manager.writer, {
    id: newId(),
    spec: { Name: 'ingress', Labels: {}, Internal: false, Attachable: false, Ingress: true, Options: {} },
    subnets: [],
    // its addresses are the host's too, so they must not be anybody's here
    avoid: machine.blocks().flatMap((text) => parseBlock(text) ?? []),
    taken: 'there is an ingress network',
  });
  await addFirstNode(manager, identity, machine, availability(request.Availability));
}

/** The node of the manager that begins a cluster. */
export async function addFirstNode(
  manager: Manager,
  identity: Identity,
  machine: Machine,
  Availability: 'active' | 'pause' | 'drain',
): Promise<void> {
  const [member] = await manager.etcd.store.members();
  await manager.writer.create<'nodes'>('nodes', keys.node(identity.node), {
    ID: identity.node,
    Spec: { Role: 'manager', Availability, Labels: {} },
    Description: withTrust(machine.describe(), identity.root),
    Status: { State: 'unknown', Addr: identity.address },
    ManagerStatus: { Addr: identity.advertise, member: member?.id ?? '', peer: identity.manager?.peer ?? '' },
  });
}

export function availability(text: string | undefined): 'active' | 'pause' | 'drain' {
  const value = (text || 'active').toLowerCase();
  if (value === 'active' || value === 'pause' || value === 'drain') return value;
  throw invalid(`invalid Availability: "${text}"`);
}

function withTrust(description: NodeDescription, root: string): NodeDescription {
  return { ...description, TLSInfo: tlsInfo(root) };
}

/** What clients read of the root that a node trusts. */
export function tlsInfo(root: string): NonNullable<NodeDescription['TLSInfo']> {
  const publicKey = createPublicKey(root).export({ type: 'spki', format: 'der' });
  return { TrustRoot: root, CertIssuerSubject: '', CertIssuerPublicKey: publicKey.toString('base64') };
}
