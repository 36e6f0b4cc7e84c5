// Puts rules and routes of overlay networks into containers' own namespaces, as often as something of them has changed.
import { addressBytes, addressText, parseAddress } from '../../base/address.ts';
import { isErrno } from '../../base/errors.ts';
import { writeFileSync } from 'node:fs';
import { applyNft } from '../../host/nft.ts';
import { inNamespaceAt, Routing } from '../../host/netlink/index.ts';
import type { Live } from '../endpoints/container.ts';
import { interfaceOf } from '../endpoints/attach-link.ts';
import { gatewayEndpoint } from '../endpoints/endpoint.ts';
import { RulesetApplier } from '../firewall/ruleset-applier.ts';
import { balanceText, type Origin, originsOf, withoutSockets } from './balance.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

/** What the states are of the networks that a container is on. */
export type StatesOf = (live: Live) => readonly OverlayState[];

interface Sandbox {
  readonly rules: RulesetApplier;
  origins: string;
  marks: readonly number[];
}

export class Sandboxes {
  readonly #statesOf: StatesOf;
  readonly #known = new WeakMap<Live, Sandbox>();

  constructor(statesOf: StatesOf) {
    this.#statesOf = statesOf;
  }

  /** Resolves when new connections of the container go where they should. A namespace that is gone is no error. */
  async bring(live: Live): Promise<void> {
    const states = this.#statesOf(live);
    const known = this.#known.get(live);
    if (states.length === 0 && !known) return;
    const sandbox = known ?? this.#new(live);
    try {
      this.#leadBack(live, sandbox, states);
      await sandbox.rules.bring();
    } catch (error) {
      if (live.namespace !== undefined && !isErrno(error, 'ENOENT')) throw error;
    }
  }

  #new(live: Live): Sandbox {
    const rules = new RulesetApplier(
      () => balanceText(this.#statesOf(live), wayOutOf(live)),
      (text) => applyInside(live, text),
    );
    const sandbox: Sandbox = { rules, origins: '', marks: [] };
    this.#known.set(live, sandbox);
    return sandbox;
  }

  /** Connections that a node led here are answered by way of that node. */
  #leadBack(live: Live, sandbox: Sandbox, states: readonly OverlayState[]): void {
    const ingress = states.find((state) => state.ingress);
    const endpoint = live.endpoints.find(({ network }) => network.id === ingress?.id);
    if (!ingress || !endpoint || live.namespace === undefined) return;
    const origins = originsOf(ingress);
    const text = JSON.stringify(origins);
    if (text === sandbox.origins) return;
    const name = interfaceOf(live.namespace, endpoint);
    if (name === undefined) return;
    inNamespaceAt(live.namespace, () => route(name, origins, sandbox.marks));
    sandbox.origins = text;
    sandbox.marks = origins.map(({ mark }) => mark);
  }
}

function wayOutOf({ endpoints }: Live): string {
  const address = gatewayEndpoint(endpoints, 4)?.addresses.find(({ family }) => family === 4);
  return address ? addressText(address) : '';
}

async function applyInside(live: Live, text: string): Promise<void> {
  const apply = async (one: string): Promise<void> => {
    if (live.namespace !== undefined) await inNamespaceAt(live.namespace, () => applyNft(one));
  };
  const plain = withoutSockets(text);
  await (plain === text ? apply(text) : apply(text).catch(() => apply(plain)));
}

/** Inside the namespace. */
function route(name: string, origins: readonly Origin[], before: readonly number[]): void {
  // the kernel's own answers, of a connection that is not accepted yet or that it refuses, go the same way
  set('/proc/sys/net/ipv4/tcp_fwmark_accept', '1');
  set('/proc/sys/net/ipv4/fwmark_reflect', '1');
  // sources are the clients' own, whose way is another
  set(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, '2');
  using routing = new Routing();
  const link = routing.link(name)?.index;
  if (link === undefined) return;
  const marks = new Set(origins.map(({ mark }) => mark));
  for (const mark of before) if (!marks.has(mark)) routing.setRule({ mark, table: mark }, false);
  for (const { address, mark } of origins) {
    const gateway = parseAddress(address);
    if (!gateway) continue;
    routing.addRoute({ gateway: addressBytes(gateway), link, table: mark });
    routing.setRule({ mark, table: mark }, true);
  }
}

/** One that this kernel does not have is no error. */
function set(file: string, value: string): void {
  try {
    writeFileSync(file, value);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EROFS')) throw error;
  }
}
