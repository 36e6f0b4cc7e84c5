// What is said of an operation that this daemon has not.
import { type RouteId, routes } from '../spec/docker/index.ts';

/** dockerd's words where the feature is switched off: clients know them and go on. */
const EXPERIMENTAL =
  'This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to enable it.';

export function notImplementedText(id: RouteId, method: string): string {
  const { path } = routes[id];
  return path.includes('/checkpoints') ? EXPERIMENTAL : `${method} ${path} is not implemented by this daemon`;
}
