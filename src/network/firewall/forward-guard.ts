// Forwarding that Berth turned on: nothing passes between links of the host that did not before, and it is turned off when nobody needs it.
// The kernel's own tables remember it, so that a crash of the daemon loses nothing: each family has one, for all daemons of the host.
import { readFileSync, writeFileSync } from 'node:fs';
import { isErrno, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { applyNft, askProgram } from '../../host/nft.ts';
import type { Link } from '../../host/netlink/index.ts';
import type { Family } from '../../base/address.ts';
import { observeLinks } from '../links/links.ts';

export const FORWARD_TABLE = 'berth_forward';
/** After the filters of others, which may have dropped a packet already. */
const PRIORITY = 10;

const FAMILIES = [4, 6] as const;
const SETTING: Readonly<Record<Family, string>> = {
  4: '/proc/sys/net/ipv4/ip_forward',
  6: '/proc/sys/net/ipv6/conf/all/forwarding',
};

export interface ForwardGuardInput {
  readonly log: Log;
  /** False: what the host passes on between its other links is left alone. */
  readonly drop: boolean;
}

/**
 * Pure. Packets that neither come from nor go to a bridge of containers are dropped. `before` are the bridges that the host had
 * without Berth; those of other programs that come later are theirs to filter.
 */
export function forwardGuardText(family: Family, before: readonly string[], drop: boolean): string {
  const elements = before.length === 0 ? '' : ` elements = { ${before.map((name) => `"${name}"`).join(', ')} };`;
  const rules = drop
    ? `meta iifkind "bridge" iifname != @before accept; meta oifkind "bridge" oifname != @before accept; drop;`
    : '';
  return `table ${nftFamily(family)} ${FORWARD_TABLE} {
  set before { type ifname;${elements} }
  chain forward { type filter hook forward priority ${PRIORITY}; policy accept; ${rules} }
}
`;
}

/** Pure. The bridges that are neither of a Berth daemon nor in `used`. */
export function bridgesBefore(links: readonly LinkName[], used: ReadonlySet<string>): string[] {
  return links
    .filter(({ name, kind, alias }) => kind === 'bridge' && !used.has(name) && !alias.startsWith('berth '))
    .filter(({ name }) => /^[\w.:@-]+$/.test(name))
    .map(({ name }) => name)
    .toSorted();
}

/** Pure. Whose bridges need forwarding when this daemon has gone, by the tables of nftables and the links; none: nobody's. */
export function othersThatForward(tables: string, links: readonly LinkName[], guard: string): string[] {
  const daemons = [...tables.matchAll(/^table inet (berth_[0-9a-f]{8,})$/gm)].map(([, name = '']) => `table ${name}`);
  const before = new Set(
    [...(/elements = \{([^}]*)\}/.exec(guard)?.[1] ?? '').matchAll(/"([^"]*)"/g)].map(([, name]) => name),
  );
  const bridges = bridgesBefore(links, new Set()).filter((name) => !before.has(name));
  return [...daemons, ...bridges.map((name) => `bridge ${name}`)];
}

type LinkName = Pick<Link, 'name' | 'kind' | 'alias'>;

export class ForwardGuard {
  readonly #input: ForwardGuardInput;
  /** Families that this daemon turned on, and the text of their tables. */
  readonly #guarded = new Map<Family, string>();
  #tail: Promise<void> = Promise.resolve();

  constructor(input: ForwardGuardInput) {
    this.#input = input;
  }

  /** At the start: what another daemon, or an earlier life of this one, turned on is looked after from now on. */
  adopt(): Promise<void> {
    this.#tail = this.#tail.then(async () => {
      const tables = await listTables();
      for (const family of FAMILIES) {
        const text = hasGuard(tables, family) ? await listGuard(family) : '';
        if (text !== '') this.#guarded.set(family, text);
      }
    });
    return this.#tail;
  }

  /** Turns forwarding on where it is off, behind a guard that is there first. `used` are bridges that containers use. */
  enable(families: readonly Family[], used: ReadonlySet<string>): Promise<void> {
    if (families.every((family) => read(SETTING[family]) !== '0')) return this.#tail;
    this.#tail = this.#tail.then(() => this.#enable(families, used));
    return this.#tail;
  }

  /** A bridge of the host's own has become one of containers. */
  async release(bridge: string): Promise<void> {
    const tables = await listTables();
    for (const family of FAMILIES) {
      if (!hasGuard(tables, family)) continue;
      // one that is not there is no error
      const element = `element ${nftFamily(family)} ${FORWARD_TABLE} before { "${bridge}" }\n`;
      await applyNft(`add ${element}delete ${element}`);
    }
  }

  /** Another program may have taken a table away. */
  repair(): void {
    if (this.#guarded.size === 0) return;
    this.#tail = this.#tail.then(() => this.#repair());
  }

  async #enable(families: readonly Family[], used: ReadonlySet<string>): Promise<void> {
    for (const family of families) {
      if (read(SETTING[family]) !== '0') continue;
      const text = forwardGuardText(family, bridgesBefore(observeLinks().links, used), this.#input.drop);
      try {
        if (!hasGuard(await listTables(), family)) await applyNft(anew(family, text));
      } catch (error) {
        this.#input.log.warn(`IPv${family} forwarding stays off, for it cannot be guarded: ${messageOf(error)}`);
        continue;
      }
      this.#guarded.set(family, text);
      if (!write(SETTING[family], '1')) continue;
      const guarded = this.#input.drop
        ? 'packets between other links of this host are dropped'
        : 'for all links of this host';
      this.#input.log.info(`IPv${family} forwarding turned on for networks: ${guarded}`);
    }
  }

  async #repair(): Promise<void> {
    const tables = await listTables();
    for (const [family, text] of this.#guarded) {
      if (hasGuard(tables, family) || read(SETTING[family]) !== '1') continue;
      await applyNft(anew(family, text))
        .then(() => this.#input.log.warn(`the guard of IPv${family} forwarding was taken away: it is put back`))
        .catch((error: unknown) => this.#input.log.warn(`the guard of IPv${family} forwarding: ${messageOf(error)}`));
    }
  }
}

/** At an orderly end, after everything else of this daemon has gone: forwarding that Berth turned on goes with the last who needs it. */
export async function endForwarding(log?: Log): Promise<void> {
  const tables = await listTables();
  for (const family of FAMILIES) {
    if (!hasGuard(tables, family)) continue;
    const guard = await listGuard(family);
    const others = othersThatForward(tables, observeLinks().links, guard);
    if (others.length > 0) {
      log?.info(`IPv${family} forwarding stays on for ${others.join(', ')}`);
      continue;
    }
    // off before the guard goes
    write(SETTING[family], '0');
    await applyNft(`delete table ${nftFamily(family)} ${FORWARD_TABLE}\n`);
    log?.info(`IPv${family} forwarding is off again`);
  }
}

const nftFamily = (family: Family): string => (family === 4 ? 'ip' : 'ip6');

const hasGuard = (tables: string, family: Family): boolean =>
  tables.split('\n').includes(`table ${nftFamily(family)} ${FORWARD_TABLE}`);

/** Two daemons may put it back at once. */
const anew = (family: Family, text: string): string => {
  const table = `table ${nftFamily(family)} ${FORWARD_TABLE}\n`;
  return `add ${table}delete ${table}${text}`;
};

async function listGuard(family: Family): Promise<string> {
  return (await askProgram('nft', ['-s', 'list', 'table', nftFamily(family), FORWARD_TABLE])) ?? '';
}

async function listTables(): Promise<string> {
  return (await askProgram('nft', ['list', 'tables'])) ?? '';
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}

/** False where the kernel's settings are read-only, or not there. */
function write(file: string, value: string): boolean {
  try {
    writeFileSync(file, value);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EROFS')) return false;
    throw error;
  }
}
