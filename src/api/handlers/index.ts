// Every operation of the Engine API, over the parts of one daemon.
import type { Builder } from '../../builder/index.ts';
import type { BuildKit } from '../../builder/buildkit/index.ts';
import type { ClusterAccess } from '../../cluster/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { EventLog } from '../../events/index.ts';
import type { Images } from '../../images/index.ts';
import type { Explainer, Networks } from '../../network/index.ts';
import type { Projects } from '../../projects/index.ts';
import type { Registries } from '../../registry/client/index.ts';
import type { SystemFacts } from '../../system/index.ts';
import type { Volumes } from '../../volumes/index.ts';
import type { Handlers } from '../handler.ts';
import { buildHandlers } from './build.ts';
import { builderHandlers } from './builder.ts';
import { buildkitHandlers } from './buildkit.ts';
import { containerFileHandlers } from './container-files.ts';
import { containerHandlers } from './containers.ts';
import { execHandlers } from './exec.ts';
import { imageHandlers } from './images.ts';
import { networkHandlers } from './networks.ts';
import { nodeHandlers } from './nodes.ts';
import { projectHandlers } from './projects.ts';
import { registryHandlers } from './registry.ts';
import { withRemote } from './remote.ts';
import { secretHandlers } from './secrets.ts';
import { serviceHandlers } from './services.ts';
import { swarmHandlers } from './swarm.ts';
import { kvHandlers } from './kv.ts';
import { systemHandlers } from './system.ts';
import { volumeHandlers } from './volumes.ts';

export interface DaemonParts {
  readonly engine: Engine;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly explainer: Explainer;
  readonly registries: Registries;
  readonly builder: Builder;
  readonly buildkit: () => Promise<BuildKit>;
  readonly events: EventLog;
  readonly facts: SystemFacts;
  readonly cluster: ClusterAccess;
  readonly projects: Projects;
}

export function engineHandlers(parts: DaemonParts): Handlers {
  const { cluster, engine, images, volumes, networks, explainer, registries, builder, buildkit, projects } = parts;
  const own: Handlers = {
    ...systemHandlers(parts),
    ...containerHandlers(engine),
    ...containerFileHandlers(engine),
    ...execHandlers(engine),
    ...buildHandlers(builder, buildkit, engine),
    ...buildkitHandlers(buildkit),
    ...builderHandlers(builder),
    ...imageHandlers(images),
    ...registryHandlers(registries),
    ...volumeHandlers(volumes),
    ...networkHandlers(engine, networks, explainer, cluster),
    ...swarmHandlers(cluster),
    ...kvHandlers(cluster),
    ...nodeHandlers(cluster),
    ...serviceHandlers(cluster),
    ...secretHandlers(cluster),
    ...projectHandlers(projects),
  };
  return withRemote(own, engine, cluster);
}
