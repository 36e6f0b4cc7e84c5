// Brings the host's links and rules to what the networks and their members ask for: observe, plan, apply; twice is once.
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { changeForeignChain, foreignChains } from '../host/forward-filter.ts';
import { applyNft } from '../host/nft.ts';
import { type AcceptBridge, acceptText, planAccepts } from './accept.ts';
import { addressText, blockText } from './address.ts';
import { type Endpoint, subnetsOf } from './endpoint.ts';
import { type BridgeRules, type FirewallInput, firewallText, type PublishRule, switchText } from './firewall.ts';
import { applyLinks, bridgedPacketsAreFiltered, enableForwarding, linkNames, observeLinks } from './links.ts';
import { bridgeMac, type HostNames, vethName } from './names.ts';
import { bridgeOptions } from './options.ts';
import { type Desired, planLinks, planText } from './plan.ts';
import type { NetworkRecord } from './record.ts';
import type { InputGuard } from './input-guard.ts';
import { MarkedTeller } from './marked.ts';
import { Watch } from './watch.ts';

/** Milliseconds after which pairs that are gone are no longer named to the kernel. */
const LATER_MS = 40;

export interface ReconcileInput {
  readonly names: HostNames;
  readonly log: Log;
  readonly networks: () => readonly NetworkRecord[];
  readonly live: () => readonly { readonly endpoints: readonly Endpoint[]; readonly namespace: string | undefined }[];
  readonly published: () => readonly PublishRule[];
  readonly mtuOf: (network: NetworkRecord) => number;
  /** The kernel's forwarding may be turned on. */
  readonly forwarding: boolean;
  /** Where published ports are to obey the host's input rules. */
  readonly guard: InputGuard | undefined;
}

export class Reconciler {
  readonly #input: ReconcileInput;
  readonly #rules: MarkedTeller;
  readonly #carry: MarkedTeller;
  #watch: Watch | undefined;
  #accepting: Promise<void> = Promise.resolve();
  #othersDrop = false;
  #later: NodeJS.Timeout | undefined;

  constructor(input: ReconcileInput) {
    this.#input = input;
    const { table } = input.names;
    this.#rules = new MarkedTeller('inet', table, () => firewallText(this.#state(new Set())), applyNft);
    this.#carry = new MarkedTeller(
      'netdev',
      table,
      () => this.#carryText(),
      (text) => this.#tellCarry(text),
    );
  }

  /** Links at once: short calls of the kernel. */
  links(): void {
    const { names, log } = this.#input;
    const steps = planLinks(this.#desired(), observeLinks());
    if (steps.length === 0) return;
    log.debug(`links:\n${planText(steps)}`);
    applyLinks(steps, names.mark);
    for (const family of [4, 6] as const) {
      if (!this.#input.forwarding || !this.#bridges().some(({ ipv6 }) => family === 4 || ipv6)) continue;
      const before = enableForwarding(family);
      if (before !== undefined) log.info(`IPv${family} forwarding turned on for networks; it was ${before}`);
    }
  }

  /** Rules for what is there now; `anew` also when they were told before. */
  async firewall(anew = false): Promise<void> {
    if (anew) {
      this.#rules.forget();
      this.#carry.forget();
    }
    await this.#input.guard?.bring();
    await Promise.all([this.#rules.bring(), this.#carry.bring()]);
  }

  /** Rules for what is left: only published ports have to be gone at once. */
  async firewallAfterEnd(): Promise<void> {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      void this.#carry.bring().catch(() => undefined);
    }, LATER_MS).unref();
    await this.#rules.bring();
  }

  /** Nothing more is told. */
  close(): void {
    clearTimeout(this.#later);
    this.#watch?.[Symbol.dispose]();
  }

  /** Other programs' forward chains accept what concerns these bridges where their policy would drop it, and nothing where not. */
  accepts(): Promise<void> {
    this.#accepting = this.#accepting
      .then(() => bringAccepts(this.#input.names.table, this.#bridges().map(acceptOf), this.#input.log))
      .then((drops) => void (this.#othersDrop = drops))
      .catch((error: unknown) => this.#input.log.warn(`forward chains of others: ${messageOf(error)}`));
    return this.#accepting;
  }

  /** After a network came or went; costs nothing where nobody drops. */
  acceptsChanged(): Promise<void> {
    return this.#othersDrop ? this.accepts() : Promise.resolve();
  }

  /** From now on what others change of links and rules is put right. */
  watch(): void {
    const { names, log } = this.#input;
    this.#watch = new Watch({
      table: names.table,
      everyChange: this.#input.guard !== undefined,
      onLinks: () => {
        try {
          this.#repairLinks();
        } catch (error) {
          log.warn(`links cannot be put right: ${messageOf(error)}`);
        }
      },
      onRules: (own) => {
        if (this.#rules.busy || this.#carry.busy) return false;
        const told = [this.#rules, this.#carry].filter(
          ({ family, mark }) => own === 'lost' || (own.has(family) && own.get(family) !== mark),
        );
        if (told.length === 0) return true;
        log.warn(`table ${names.table} was changed by another program: it is put back`);
        for (const teller of told) {
          teller.forget();
          void teller.bring().catch((error: unknown) => log.warn(`rules cannot be put back: ${messageOf(error)}`));
        }
        return true;
      },
      onOthers: () => {
        void this.accepts();
        this.#input.guard?.bring().catch((error: unknown) => log.warn(`input rules: ${messageOf(error)}`));
      },
    });
  }

  /** What is lacking is added; what goes is left to the verb that takes it away. */
  #repairLinks(): void {
    const { names, log } = this.#input;
    const steps = planLinks(this.#desired(), observeLinks()).filter(({ op }) => op.kind !== 'remove');
    if (steps.length === 0) return;
    log.warn(`links were changed by another program, and are put right:\n${planText(steps)}`);
    applyLinks(steps, names.mark);
  }

  /** A pair may vanish with its container between the list and the call: then the list is made again. */
  async #tellCarry(text: string): Promise<void> {
    for (let attempt = 0, now = text; ; attempt += 1) {
      try {
        await applyNft(now);
        return;
      } catch (error) {
        now = this.#carry.marked(this.#carryText());
        if (attempt < 3) continue;
        this.#input.log.warn(`packets between containers are left to the host's own filter: ${messageOf(error)}`);
        return;
      }
    }
  }

  #carryText(): string {
    const { table } = this.#input.names;
    return switchText(bridgedPacketsAreFiltered() ? this.#state(linkNames()) : { table, bridges: [] });
  }

  /** `there` are the links that exist: a pair vanishes with its container a little before the container is known to be gone. */
  #state(there: ReadonlySet<string>): FirewallInput {
    return {
      table: this.#input.names.table,
      bridges: this.#bridges().map((network) => this.#rulesOf(network, there)),
      published: this.#input.published(),
    };
  }

  #bridges(): NetworkRecord[] {
    return this.#input.networks().filter(({ driver, configOnly }) => driver === 'bridge' && !configOnly);
  }

  #rulesOf(network: NetworkRecord, there: ReadonlySet<string>): BridgeRules {
    const { icc, masquerade, mode, source, trusted } = bridgeOptions(network.options);
    return {
      bridge: network.bridge,
      internal: network.internal,
      icc,
      masquerade,
      trusted,
      subnets: subnetsOf(network).map(({ block }) => ({
        family: block.family,
        block: blockText(block),
        mode: mode[block.family],
        source: source[block.family],
      })),
      members: this.#plugged()
        .filter((endpoint) => endpoint.network.id === network.id)
        .map(({ id, addresses }) => ({
          link: vethName(this.#input.names, id),
          addresses: addresses.map((one) => ({ family: one.family, address: addressText(one) })),
        }))
        .filter(({ link }) => there.has(link)),
    };
  }

  #plugged(): Endpoint[] {
    return this.#input
      .live()
      .filter(({ namespace }) => namespace !== undefined)
      .flatMap(({ endpoints }) => endpoints)
      .filter(({ network }) => network.driver === 'bridge');
  }

  #desired(): Desired {
    const { names, mtuOf } = this.#input;
    return {
      mark: names.mark,
      vethPrefix: names.vethPrefix,
      bridges: this.#bridges().map((network) => ({
        name: network.bridge,
        mtu: mtuOf(network),
        mac: bridgeMac(network.id),
        foreign: network.foreignBridge,
        addresses: ownAddresses(network),
      })),
      veths: this.#plugged().map((endpoint) => ({
        name: vethName(names, endpoint.id),
        bridge: endpoint.network.bridge,
        isolated: !bridgeOptions(endpoint.network.options).icc,
      })),
    };
  }
}

/** The bridge's own addresses: none where its gateway is somebody else, or nobody. */
function ownAddresses(network: NetworkRecord): string[] {
  const { mode, inhibit4 } = bridgeOptions(network.options);
  return subnetsOf(network)
    .filter(({ block: { family } }) => mode[family] !== 'isolated' && !(family === 4 && inhibit4))
    .map(({ block, gateway }) => `${addressText(gateway)}/${block.bits}`);
}

function acceptOf(network: NetworkRecord): AcceptBridge {
  const families = [...new Set(subnetsOf(network).map(({ block }) => block.family))];
  return { bridge: network.bridge, families, internal: network.internal };
}

/** True when somebody's policy drops. With no bridges every rule of this mark goes. */
export async function bringAccepts(mark: string, bridges: readonly AcceptBridge[], log?: Log): Promise<boolean> {
  const chains = await foreignChains(mark, mark);
  const steps = planAccepts(chains, bridges, mark);
  if (steps.length > 0) log?.info(`forward chains of others:\n${acceptText(steps)}`);
  for (const { chain, add, remove } of steps) await changeForeignChain(chain, add, remove);
  return chains.some(({ drops }) => drops);
}
