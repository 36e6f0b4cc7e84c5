// Gives back everything that a running container holds.
import { messageOf } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import { cgroupPath, type EngineContext } from '../container/context.ts';
import { releaseNetworks } from './networks.ts';
import { unmountPlaces } from './places.ts';
import { unmountRootfs } from './rootfs.ts';

/** Everything that a running container holds: mounts, control group, the runtime's state, volumes, execs. */
export async function releaseResources(context: EngineContext, container: Container): Promise<void> {
  const attempts: [string, () => Promise<void>][] = [
    [
      'runtime state',
      () =>
        context.runtime.clean(
          container.id,
          cgroupPath(context, container),
          context.runtimes.get(container.record.runtime),
        ),
    ],
    ['networks', () => releaseNetworks(context, container)],
    ['mounts', () => unmountPlaces(context, container)],
    ['root file system', () => unmountRootfs(context, container)],
    ...container.record.mounts
      .filter((mount) => mount.Type === 'volume')
      .map((mount): [string, () => Promise<void>] => [
        `volume ${mount.Name ?? ''}`,
        () => context.volumes.release(mount.Name ?? '', container.id),
      ]),
  ];
  for (const [what, attempt] of attempts) {
    try {
      await attempt();
    } catch (error) {
      context.log.warn(`container ${container.id}: releasing its ${what}: ${messageOf(error)}`);
    }
  }
}
