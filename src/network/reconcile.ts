// Brings the host's links and rules to what the networks and their members ask for: observe, plan, apply; twice is once.
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { applyNft, foreignDrops } from '../host/nft.ts';
import { addressText, blockText } from './address.ts';
import { type Endpoint, subnetsOf } from './endpoint.ts';
import { type BridgeRules, type FirewallInput, firewallText, type PublishRule, switchText } from './firewall.ts';
import { applyLinks, bridgedPacketsAreFiltered, enableForwarding, linkNames, observeLinks } from './links.ts';
import { type HostNames, vethName } from './names.ts';
import { bridgeOptions } from './options.ts';
import { type Desired, planLinks, planText } from './plan.ts';
import type { NetworkRecord } from './record.ts';
import { Teller } from './teller.ts';

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
}

export class Reconciler {
  readonly #input: ReconcileInput;
  readonly #rules: Teller;
  readonly #carry: Teller;
  #later: NodeJS.Timeout | undefined;

  constructor(input: ReconcileInput) {
    this.#input = input;
    this.#rules = new Teller(() => firewallText(this.#state(new Set())), applyNft);
    this.#carry = new Teller(
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
  }

  /** Says what another's rules keep from containers; rules of others are not touched. */
  async warnOfOthers(): Promise<void> {
    for (const table of await foreignDrops(this.#input.names.table))
      this.#input.log.warn(
        `table ${table} drops forwarded packets by its policy: containers reach each other and this host, but neither the world nor published ports of others, until that table accepts them (where Docker runs: iptables -I DOCKER-USER -i BRIDGE -j ACCEPT, and the same with -o)`,
      );
  }

  /** A pair may vanish with its container between the list and the call: then the list is made again. */
  async #tellCarry(text: string): Promise<void> {
    for (let attempt = 0, now = text; ; attempt += 1) {
      try {
        await applyNft(now);
        return;
      } catch (error) {
        now = this.#carryText();
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
    const { icc, masquerade } = bridgeOptions(network.options);
    return {
      bridge: network.bridge,
      internal: network.internal,
      icc,
      masquerade,
      subnets: subnetsOf(network).map(({ block }) => ({ family: block.family, block: blockText(block) })),
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
        foreign: network.foreignBridge,
        addresses: subnetsOf(network).map(({ block, gateway }) => `${addressText(gateway)}/${block.bits}`),
      })),
      veths: this.#plugged().map((endpoint) => ({
        name: vethName(names, endpoint.id),
        bridge: endpoint.network.bridge,
      })),
    };
  }
}
