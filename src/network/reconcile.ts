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

export interface ReconcileInput {
  readonly names: HostNames;
  readonly log: Log;
  readonly networks: () => readonly NetworkRecord[];
  readonly live: () => readonly { readonly endpoints: readonly Endpoint[]; readonly namespace: string | undefined }[];
  readonly published: () => readonly PublishRule[];
  readonly mtuOf: (network: NetworkRecord) => number;
}

export class Reconciler {
  readonly #input: ReconcileInput;
  /** What the kernel was last told; nothing is told twice. */
  #told = { rules: '', carry: '' };
  #running: Promise<void> | undefined;
  #again = false;

  constructor(input: ReconcileInput) {
    this.#input = input;
  }

  /** Links at once: short calls of the kernel. */
  links(): void {
    const { names, log } = this.#input;
    const steps = planLinks(this.#desired(), observeLinks());
    if (steps.length === 0) return;
    log.debug(`links:\n${planText(steps)}`);
    applyLinks(steps, names.mark);
    for (const family of [4, 6] as const) {
      if (!this.#bridges().some(({ ipv6 }) => family === 4 || ipv6)) continue;
      const before = enableForwarding(family);
      if (before !== undefined) log.info(`IPv${family} forwarding turned on for networks; it was ${before}`);
    }
  }

  /** Rules, in as few transactions as may be: changes that come while one is at work share the next. */
  firewall(anew = false): Promise<void> {
    if (anew) this.#told = { rules: '', carry: '' };
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    const { rules, carry } = this.#texts();
    if (rules === this.#told.rules && carry === this.#told.carry) return Promise.resolve();
    this.#running = this.#tell().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Says what another's rules keep from containers; rules of others are not touched. */
  async warnOfOthers(): Promise<void> {
    for (const table of await foreignDrops(this.#input.names.table))
      this.#input.log.warn(
        `table ${table} drops forwarded packets by its policy: containers reach each other and this host, but neither the world nor published ports of others, until that table accepts them (where Docker runs: iptables -I DOCKER-USER -i BRIDGE -j ACCEPT, and the same with -o)`,
      );
  }

  async #tell(): Promise<void> {
    do {
      this.#again = false;
      const texts = this.#texts();
      if (texts.rules !== this.#told.rules) {
        await applyNft(texts.rules);
        this.#told.rules = texts.rules;
      }
      if (texts.carry !== this.#told.carry) await this.#carry(texts.carry);
    } while (this.#again);
  }

  /** A pair may vanish with its container between the plan and the call: then the next round has the right list. */
  async #carry(text: string): Promise<void> {
    try {
      await applyNft(text);
      this.#told.carry = text;
    } catch (error) {
      this.#told.carry = '';
      this.#input.log.warn(`packets between containers are left to the host's own filter: ${messageOf(error)}`);
    }
  }

  #texts(): { rules: string; carry: string } {
    const filtered = bridgedPacketsAreFiltered();
    // a pair vanishes with its container a little before the container is known to be gone
    const there = filtered ? linkNames() : new Set<string>();
    const input: FirewallInput = {
      table: this.#input.names.table,
      bridges: this.#bridges().map((network) => this.#rulesOf(network, there)),
      published: this.#input.published(),
    };
    return {
      rules: firewallText(input),
      carry: switchText(filtered ? input : { ...input, bridges: [] }),
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
