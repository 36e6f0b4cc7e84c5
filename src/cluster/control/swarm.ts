// Verbs on the cluster itself: inspect, update, tokens.
import { X509Certificate } from 'node:crypto';
import { internal, invalid, notImplemented } from '../../base/errors.ts';
import { type Cluster, clusterView } from '../member/cluster.ts';
import { type Backup, backupOf, checkBackup } from '../member/backup.ts';
import { completeSpec, type InitRequest } from '../member/init.ts';
import type { JoinRequest } from '../member/join.ts';
import { type ClusterSpec, keys } from '../model/objects.ts';
import { newSealKey } from '../security/seal.ts';
import { newToken } from '../security/token.ts';
import { sealUnlockKey, unlockKeyOf, unlockKeyText } from '../security/unlock-key.ts';
import { taskName } from './tasks.ts';
import { clusterShape, initShape, joinShape, shaped, unlockShape } from './shape.ts';

export const OUT_OF_SEQUENCE = 'rpc error: code = Unknown desc = update out of sequence';

export class SwarmControl {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  inspect(): object {
    const { cache } = this.#cluster.manager;
    return { ...clusterView(cache.cluster), JoinTokens: cache.cluster.JoinTokens };
  }

  async update(
    body: unknown,
    version: number | undefined,
    rotate: { readonly worker: boolean; readonly manager: boolean; readonly unlockKey: boolean },
  ): Promise<void> {
    const { writer, cache } = this.#cluster.manager;
    const spec = shaped(body, clusterShape) as Partial<ClusterSpec>;
    if (version === undefined) throw invalid(`invalid swarm version '': strconv.ParseUint: parsing "": invalid syntax`);
    checkAuthority(spec);
    const next = completeSpec(spec);
    const rootDer = new X509Certificate(cache.cluster.RootCA.certificate).raw;
    let stale = false;
    const { sealKey } = this.#cluster;
    const isLocked = next.EncryptionConfig.AutoLockManagers;
    await writer.update<'cluster'>(keys.cluster, ({ Version, JoinTokens, UnlockKey }) => {
      stale = Version.Index !== version;
      if (stale) return undefined;
      return {
        Spec: next,
        UnlockKey: isLocked
          ? rotate.unlockKey || UnlockKey === undefined
            ? sealUnlockKey(sealKey, newSealKey())
            : UnlockKey
          : undefined,
        JoinTokens: {
          Worker: rotate.worker ? newToken(rootDer) : JoinTokens.Worker,
          Manager: rotate.manager ? newToken(rootDer) : JoinTokens.Manager,
        },
      };
    });
    if (stale) throw internal(OUT_OF_SEQUENCE);
  }

  /** How the cluster is, for people. */
  async status(): Promise<object> {
    const { cache, election, etcd } = this.#cluster.manager;
    const hostname = (id: string): string => cache.get('nodes', id)?.Description.Hostname ?? id;
    const members = await etcd.store.members();
    const tasks = cache.all('tasks').filter(({ DesiredState }) => DesiredState !== 'remove');
    return {
      Leader: election.current ? hostname(election.current.node) : '',
      Members: members.map(({ name, peers, learner }) => ({
        Name: hostname(name),
        Peer: peers[0] ?? '',
        Learner: learner,
      })),
      Nodes: counts(cache.all('nodes').map(({ Status }) => Status.State)),
      Tasks: counts(tasks.map(({ Status }) => Status.State)),
      Pending: tasks
        .filter(({ Status }) => Status.State === 'pending')
        .map((task) => ({ ID: task.ID, Name: taskName(task), Reason: task.Status.Err ?? '' })),
      Revision: cache.revision,
    };
  }

  /** Everything that the cluster knows, with the keys to it. */
  backup(): Promise<Backup> {
    const { manager, identity, sealKey } = this.#cluster;
    return backupOf(manager, { cluster: identity?.cluster ?? '', sealKey });
  }

  restore(body: unknown): Promise<string> {
    const {
      Backup: backup,
      ListenAddr = '',
      AdvertiseAddr = '',
    } = body as {
      Backup?: unknown;
      ListenAddr?: unknown;
      AdvertiseAddr?: unknown;
    };
    return this.#cluster.restore(checkBackup(backup), {
      ListenAddr: String(ListenAddr),
      AdvertiseAddr: String(AdvertiseAddr),
    });
  }

  async init(body: unknown): Promise<string> {
    const request = shaped(body, initShape) as InitRequest;
    checkAuthority(request.Spec ?? {});
    return this.#cluster.init(request);
  }

  async join(body: unknown): Promise<void> {
    return this.#cluster.join(shaped(body, joinShape) as JoinRequest);
  }

  /** Empty where managers are not locked. */
  unlockKey(): object {
    const { cache } = this.#cluster.manager;
    const key = unlockKeyOf(cache.cluster, this.#cluster.sealKey);
    return { UnlockKey: key === undefined ? '' : unlockKeyText(key) };
  }

  async unlock(body: unknown): Promise<void> {
    const { UnlockKey = '' } = shaped(body, unlockShape) as { readonly UnlockKey?: string };
    await this.#cluster.unlock(UnlockKey);
  }
}

/** What would be taken for done by being overlooked. */
function checkAuthority({ CAConfig }: Partial<ClusterSpec>): void {
  const {
    ForceRotate = 0,
    ExternalCAs = [],
    SigningCACert = '',
  } = (CAConfig ?? {}) as {
    readonly ForceRotate?: number;
    readonly ExternalCAs?: readonly unknown[];
    readonly SigningCACert?: string;
  };
  if (ForceRotate !== 0 || SigningCACert !== '')
    throw notImplemented('rotation of the root certificate is not implemented by this daemon');
  if (ExternalCAs.length > 0)
    throw notImplemented('external certificate authorities are not implemented by this daemon');
}

function counts(states: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(states, (state) => state)].map(([state, all]) => [state, all.length]));
}
