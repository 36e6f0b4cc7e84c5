// The labels that say what a container, network or volume was made from: docker compose's own sums, so that either tool takes
// over what the other made.
import { network, service, volume } from '../load/fields.ts';
import type { Network, Service, Volume } from '../model/project.ts';
import { toJson } from './json.ts';

/** sha256 in hex */
export type Sum = (text: string) => string;

/** What a container is made from: all of a service but how it is built, pulled, counted and ordered. */
export function serviceHash(value: Service, sum: Sum): string {
  const {
    build: _,
    pull_policy: _policy,
    scale: _scale,
    depends_on: _on,
    profiles: _profiles,
    deploy,
    ...rest
  } = value;
  const { replicas: _replicas, ...kept } = deploy ?? { resources: {}, placement: {} };
  return sum(toJson(service.print({ ...rest, ...(deploy === undefined ? {} : { deploy: kept }) }, 'json')));
}

export function networkHash(value: Network, sum: Sum): string {
  return sum(toJson(network.print({ ...value }, 'json')));
}

export function volumeHash(value: Volume, sum: Sum): string {
  return sum(toJson(volume.print({ ...value, driver: value.driver ?? 'local' }, 'json')));
}
