// Takes everything that a daemon made for its networks off the host: links by name and mark, and its tables.
import type { Log } from '../../base/log.ts';
import { foreignChains } from '../../host/forward-filter.ts';
import { applyNft, listTable } from '../../host/nft.ts';
import { removeText } from '../firewall/firewall.ts';
import { endForwarding } from '../firewall/forward-guard.ts';
import { applyLinks, observeLinks } from '../links/links.ts';
import { inputTablesOf, removeInputTables } from '../firewall/input-guard.ts';
import { type HostNames, hostNames } from '../model/names.ts';
import { planLinks, type Step } from '../links/plan.ts';
import { bringAccepts } from './reconcile.ts';

/** For a daemon that ends, or that is gone for good; twice is once. */
export async function removeFromHost(instance: string, log?: Log): Promise<void> {
  const names = hostNames(instance);
  await applyLinks(stepsToNothing(names), names.mark);
  await applyNft(removeText(names.table));
  await removeInputTables(names.table);
  await bringAccepts(names.table, []);
  await endForwarding(log);
}

/** What is there of a daemon's networks, in words; empty when there is nothing. */
export async function onHost(instance: string): Promise<string[]> {
  const names = hostNames(instance);
  const links = stepsToNothing(names).flatMap(({ op }) => (op.kind === 'remove' ? [`link ${op.name}`] : []));
  const table = await listTable('inet', names.table);
  const rules = (await foreignChains(names.table, names.table)).flatMap(({ own }) =>
    own.map(({ text }) => `rule ${text}`),
  );
  const guards = (await inputTablesOf(names.table)).map(({ name }) => `table ${name}`);
  return [...links, ...(table === undefined ? [] : [`table ${names.table}`]), ...guards, ...rules];
}

function stepsToNothing({ mark, vethPrefix }: HostNames): Step[] {
  return planLinks({ mark, vethPrefix, bridges: [], veths: [] }, observeLinks());
}
