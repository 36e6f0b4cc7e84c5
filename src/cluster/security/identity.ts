// What a node keeps of its cluster on disk: who it is, its key and certificate, whom to ask; of managers also the cluster's key.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeRole } from '../model/objects.ts';
import { unauthorized } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { seal, type SealKey, unseal } from './seal.ts';
import { WRONG_KEY } from './unlock-key.ts';

export interface Identity {
  readonly schema: 1;
  readonly node: string;
  readonly cluster: string;
  readonly role: NodeRole;
  /** Where others reach this node. */
  readonly address: string;
  /** The machine has had it as an address of its own. */
  readonly addressIsOwn?: boolean;
  /** Of a manager: `address:port` on which it listens, and by which others know it. */
  readonly listen: string;
  readonly advertise: string;
  readonly managers: readonly string[];
  /** PEM. */
  readonly root: string;
  readonly certificate: string;
  readonly key: string;
  readonly manager?: {
    readonly sealKey: SealKey;
    /** Its member in etcd. */
    readonly peer: string;
    readonly members: readonly string[];
    readonly joins: boolean;
  };
}

/** What a locked manager has on disk in the place of its keys: both of them, sealed with the cluster's unlock key. */
type Stored = Identity & { readonly locked?: string };

interface Keys {
  readonly key: string;
  readonly sealKey: SealKey;
}

/** Where a manager's keys are locked: with what, and a folder in memory for those that etcd reads from a file. */
export interface Lock {
  readonly unlockKey: SealKey;
  readonly memory: string;
}

const subject = ({ node }: Identity): string => `identity ${node}`;

export class IdentityFile {
  readonly folder: string;
  #lock: Lock | undefined;

  constructor(dataRoot: string) {
    this.folder = join(dataRoot, 'cluster');
  }

  /** undefined on a machine that is in no cluster. */
  read(): Identity | undefined {
    return this.#stored();
  }

  #stored(): Stored | undefined {
    const file = join(this.folder, 'identity.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Stored) : undefined;
  }

  /** What `read` gives is without keys. */
  get isLocked(): boolean {
    return this.#lock === undefined && this.#stored()?.locked !== undefined;
  }

  /** The key that `write` locks with. */
  get unlockKey(): SealKey | undefined {
    return this.#lock?.unlockKey;
  }

  /** From the next `write` on keys lie on disk sealed, or as they are. */
  setLock(lock: Lock | undefined): void {
    this.#lock = lock;
  }

  /** Throws for another key than the one that it was locked with. */
  checkUnlock(unlockKey: SealKey): void {
    this.#opened(unlockKey);
  }

  /** With its keys, which are in memory from now on. Throws for another key. */
  unlock(lock: Lock): Identity {
    const opened = this.#opened(lock.unlockKey);
    this.#lock = lock;
    this.write(opened);
    return opened;
  }

  #opened(unlockKey: SealKey): Identity {
    const stored = this.#stored();
    if (stored?.locked === undefined) throw unauthorized(WRONG_KEY);
    const { locked, ...identity } = stored;
    let keys: Keys;
    try {
      keys = parseJson(unseal(unlockKey, subject(identity), locked).toString()) as Keys;
    } catch {
      throw unauthorized(WRONG_KEY);
    }
    const { manager } = identity;
    return {
      ...identity,
      key: keys.key,
      ...(manager ? { manager: { ...manager, sealKey: keys.sealKey } } : {}),
    };
  }

  write(identity: Identity): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const file = join(this.folder, 'identity.json');
    const lock = identity.manager ? this.#lock : undefined;
    const stored = lock ? locked(identity, lock.unlockKey) : identity;
    writeFileSync(`${file}.new`, JSON.stringify(stored, null, 1), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    // etcd reads them from files
    for (const [name, text] of [
      ['root.pem', identity.root],
      ['node.pem', identity.certificate],
      ...(lock ? [] : [['node.key', identity.key] as const]),
    ] as const) {
      rmSync(join(this.folder, `${name}.new`), { force: true });
      writeFileSync(join(this.folder, `${name}.new`), text, { mode: 0o600 });
      renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
    }
    if (lock) this.#linkKey(identity.key, lock.memory);
  }

  /** etcd reads the key again for each connection, under the name that it was started with. */
  #linkKey(key: string, memory: string): void {
    const file = join(memory, 'node.key');
    writeFileSync(`${file}.new`, key, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    const link = join(this.folder, 'node.key');
    rmSync(`${link}.new`, { force: true });
    symlinkSync(file, `${link}.new`);
    renameSync(`${link}.new`, link);
  }

  get tls(): { certificate: string; key: string; authority: string } {
    return {
      certificate: join(this.folder, 'node.pem'),
      key: join(this.folder, 'node.key'),
      authority: join(this.folder, 'root.pem'),
    };
  }

  /** A manager that is none any more. */
  removeEtcd(): void {
    rmSync(join(this.folder, 'etcd'), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function locked(identity: Identity, unlockKey: SealKey): Stored {
  const { manager } = identity;
  const keys: Keys = { key: identity.key, sealKey: manager?.sealKey ?? '' };
  return {
    ...identity,
    key: '',
    ...(manager ? { manager: { ...manager, sealKey: '' } } : {}),
    locked: seal(unlockKey, subject(identity), Buffer.from(JSON.stringify(keys))),
  };
}
