// The drivers, by name.
import { notFound, notImplemented } from '../../base/errors.ts';
import type { NetworkRecord } from '../model/record.ts';
import { bridge } from './bridge.ts';
import type { Driver } from './driver.ts';
import { host, none } from './host.ts';
import { macvlan } from './macvlan.ts';
import { overlay } from './overlay.ts';

export type { Chosen, Driver, HostFacts } from './driver.ts';

const DRIVERS: ReadonlyMap<string, Driver> = new Map(
  [bridge, macvlan, overlay, host, none].map((driver) => [driver.name, driver]),
);

/** Throws for a driver that there is not. */
export function driverNamed(name: string): Driver {
  const found = DRIVERS.get(name);
  if (found) return found;
  if (name === 'ipvlan') throw notImplemented('network driver ipvlan is not implemented');
  throw notFound(`could not find plugin ${name} in v1 plugin registry: plugin not found`);
}

export function driverOf({ driver }: Pick<NetworkRecord, 'driver'>): Driver {
  return DRIVERS.get(driver) ?? none;
}
