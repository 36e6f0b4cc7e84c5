// A cluster's memory as one value, and a cluster begun from it: on one manager, which the nodes of before find at the addresses that they know.
import { invalid } from '../../base/errors.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Machine } from '../agent/ports.ts';
import { decode, encode } from '../manager/cache.ts';
import type { Manager } from '../manager/manager.ts';
import { type Cluster, type ClusterNode, keys } from '../model/objects.ts';
import { shown } from '../kv/values.ts';
import { newId } from '../model/ids.ts';
import type { Entry } from '../store/port.ts';
import { issue, newKeyPair } from '../security/authority.ts';
import type { Identity } from '../security/identity.ts';
import { unseal } from '../security/seal.ts';
import { addFirstNode, addressesOf, type InitRequest } from './init.ts';

export interface Backup {
  readonly schema: 1;
  readonly time: string;
  readonly cluster: string;
  readonly sealKey: string;
  readonly revision: number;
  readonly entries: readonly { readonly key: string; readonly value: string }[];
}

/** Written in transactions of so many. */
const BATCH = 100;

export async function backupOf(manager: Manager, identity: Identity): Promise<Backup> {
  const { revision, entries } = await manager.etcd.store.list(keys.root);
  return {
    schema: 1,
    time: rfc3339(),
    cluster: identity.cluster,
    sealKey: identity.manager?.sealKey ?? '',
    revision,
    entries: entries.filter(isKept).map(({ key, value }) => ({ key, value })),
  };
}

/** What a lease holds ends with those who hold it. */
function isKept({ key, value }: Entry): boolean {
  if (key === keys.leader || key.startsWith(keys.leases)) return false;
  return !key.startsWith(keys.values) || shown({ key, value, revision: 0 }).Lease === undefined;
}

/** Throws for what is no backup, before anything is made of it. */
export function checkBackup(value: unknown): Backup {
  const found = value as Partial<Backup> | null;
  const isRight =
    typeof found === 'object' &&
    found !== null &&
    found.schema === 1 &&
    typeof found.cluster === 'string' &&
    typeof found.sealKey === 'string' &&
    Array.isArray(found.entries) &&
    found.entries.every(
      ({ key, value: text }) => typeof key === 'string' && key.startsWith(keys.root) && typeof text === 'string',
    ) &&
    found.entries.some(({ key }) => key === keys.cluster);
  if (!isRight) throw invalid('this is no backup of a cluster, or one of a newer version');
  return found as Backup;
}

function clusterOf({ entries }: Backup): Cluster {
  const entry = entries.find((one) => one.key === keys.cluster);
  if (!entry) throw invalid('the backup has no record of its cluster');
  return decode<Cluster>({ ...entry, revision: 0 });
}

/** A new node of the cluster of before, certified by its authority. */
export async function restoredIdentity(backup: Backup, request: InitRequest, machine: Machine): Promise<Identity> {
  const { RootCA, Spec } = clusterOf(backup);
  const { listen, advertise, address, peer } = addressesOf(request, machine);
  const authority = {
    certificate: RootCA.certificate,
    key: unseal(backup.sealKey, 'root', RootCA.sealedKey).toString(),
  };
  const node = newId();
  const pair = newKeyPair();
  const certificate = await issue(authority, {
    node,
    role: 'manager',
    cluster: backup.cluster,
    addresses: [address],
    publicKey: pair.publicKey,
    expiryMs: Spec.CAConfig.NodeCertExpiry / 1e6,
  });
  return {
    schema: 1,
    node,
    cluster: backup.cluster,
    role: 'manager',
    address,
    listen,
    advertise,
    managers: [advertise],
    root: authority.certificate,
    certificate,
    key: pair.key,
    manager: { sealKey: backup.sealKey, peer, members: [`${node}=${peer}`], joins: false },
  };
}

/** Workers keep their state, and get the time that a new leader gives everybody; managers of before are down. */
export async function writeBackup(
  manager: Manager,
  backup: Backup,
  identity: Identity,
  machine: Machine,
): Promise<void> {
  const writes = backup.entries.map(({ key, value }) => {
    if (!key.startsWith(keys.all('nodes'))) return { put: key, value };
    return { put: key, value: encode(demoted(decode<ClusterNode>({ key, value, revision: 0 }))) };
  });
  for (let from = 0; from < writes.length; from += BATCH)
    await manager.etcd.store.commit({ guards: [], writes: writes.slice(from, from + BATCH) });
  await addFirstNode(manager, identity, machine, 'active');
}

function demoted(node: ClusterNode): ClusterNode {
  if (!node.ManagerStatus) return node;
  return {
    ...node,
    Spec: { ...node.Spec, Role: 'worker' },
    Status: { ...node.Status, State: 'down', Message: 'it was a manager before the restore', Since: rfc3339() },
    ManagerStatus: undefined,
  };
}

/** Of a cluster that goes on with one of its managers. */
export async function forgetOthers(manager: Manager, self: string): Promise<void> {
  for (const node of manager.cache.all('nodes'))
    if (node.ManagerStatus && node.ID !== self) await manager.writer.update<'nodes'>(keys.node(node.ID), demoted);
}
