// A cluster's memory as one value, and a cluster begun from it: on one manager, which the nodes of before find at the addresses that they know.
import { BerthError, invalid, tooLarge } from '../../base/errors.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Machine } from '../agent/ports.ts';
import { decode, encode } from '../manager/cache.ts';
import type { Manager } from '../manager/manager.ts';
import { type Cluster, type ClusterNode, keys } from '../model/objects.ts';
import { isReadable, shown } from '../kv/values.ts';
import { newId } from '../model/ids.ts';
import type { Entry } from '../store/port.ts';
import { issue, newKeyPair } from '../security/authority.ts';
import type { Identity } from '../security/identity.ts';
import { type SealKey, unseal } from '../security/seal.ts';
import { unlockKeyOf } from '../security/unlock-key.ts';
import { addFirstNode, addressesOf, type InitRequest } from './init.ts';

export interface Backup {
  readonly schema: 1;
  readonly time: string;
  readonly cluster: string;
  readonly sealKey: string;
  readonly revision: number;
  readonly entries: readonly { readonly key: string; readonly value: string }[];
}

/** Written in transactions of so many, and of so many bytes: etcd takes no more than 1.5 MiB. */
const BATCH = 100;
const BATCH_BYTES = 512 * 1024;

/** Of applications' keys in a backup, in bytes as they are kept: one that is larger could not be read back. */
export const MAX_VALUES_BYTES = 256 * 1024 * 1024;

export async function backupOf(
  manager: Manager,
  { cluster, sealKey }: Pick<Backup, 'cluster' | 'sealKey'>,
): Promise<Backup> {
  const { store } = manager.etcd;
  const { revision, entries } = await store.list(keys.root);
  const kept = await store.list(keys.values, { at: revision, most: MAX_VALUES_BYTES }).catch((error: unknown) => {
    throw error instanceof BerthError && error.kind === 'tooLarge'
      ? tooLarge(
          `keys and values of applications are more than the ${MAX_VALUES_BYTES} bytes that a backup has room for`,
        )
      : error;
  });
  return {
    schema: 1,
    time: rfc3339(),
    cluster,
    sealKey,
    revision,
    entries: [...entries.filter(({ key }) => key !== keys.leader), ...kept.entries.filter(isLasting)].map(
      ({ key, value }) => ({ key, value }),
    ),
  };
}

/** What a lease holds ends with those who hold it. */
function isLasting(entry: Entry): boolean {
  return shown(entry).Lease === undefined;
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
    found.entries.every(isOfCluster) &&
    found.entries.some(({ key }) => key === keys.cluster);
  if (!isRight) throw invalid('this is no backup of a cluster, or one of a newer version');
  return found as Backup;
}

function isOfCluster({ key, value }: { readonly key: unknown; readonly value: unknown }): boolean {
  if (typeof key !== 'string' || typeof value !== 'string') return false;
  return key.startsWith(keys.root) || (key.startsWith(keys.values) && isReadable(value));
}

function clusterOf({ entries }: Backup): Cluster {
  const entry = entries.find((one) => one.key === keys.cluster);
  if (!entry) throw invalid('the backup has no record of its cluster');
  return decode<Cluster>({ ...entry, revision: 0 });
}

/** A new node of the cluster of before, certified by its authority, and what it locks its keys with. */
export async function restoredIdentity(
  backup: Backup,
  request: InitRequest,
  machine: Machine,
): Promise<{ readonly identity: Identity; readonly unlockKey: SealKey | undefined }> {
  const cluster = clusterOf(backup);
  const { RootCA, Spec } = cluster;
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
  const identity: Identity = {
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
  return { identity, unlockKey: unlockKeyOf(cluster, backup.sealKey) };
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
  for (const batch of batches(writes)) await manager.etcd.store.commit({ guards: [], writes: batch });
  await addFirstNode(manager, identity, machine, 'active');
}

/** As many at a time as one transaction takes. */
function batches<T extends { readonly put: string; readonly value: string }>(writes: readonly T[]): T[][] {
  const all: T[][] = [];
  let room = 0;
  for (const write of writes) {
    const size = write.put.length + write.value.length;
    const last = all.at(-1);
    if (last && last.length < BATCH && size <= room) last.push(write);
    else {
      all.push([write]);
      room = BATCH_BYTES;
    }
    room -= size;
  }
  return all;
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
