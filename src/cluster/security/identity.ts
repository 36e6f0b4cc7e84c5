// What a node keeps of its cluster on disk: who it is, its key and certificate, whom to ask; of managers also the cluster's key.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeRole } from '../model/objects.ts';
import type { SealKey } from './seal.ts';

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

export class IdentityFile {
  readonly folder: string;

  constructor(dataRoot: string) {
    this.folder = join(dataRoot, 'cluster');
  }

  /** undefined on a machine that is in no cluster. */
  read(): Identity | undefined {
    const file = join(this.folder, 'identity.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Identity) : undefined;
  }

  write(identity: Identity): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const file = join(this.folder, 'identity.json');
    writeFileSync(`${file}.new`, JSON.stringify(identity, null, 1), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    // etcd reads them from files
    for (const [name, text] of [
      ['root.pem', identity.root],
      ['node.pem', identity.certificate],
      ['node.key', identity.key],
    ] as const) {
      writeFileSync(join(this.folder, `${name}.new`), text, { mode: 0o600 });
      renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
    }
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
