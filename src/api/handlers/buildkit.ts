// Connections of BuildKit's clients: one over which they serve what a build needs of them, one over which they ask for builds.
import { internal } from '../../base/errors.ts';
import type { BuildKit } from '../../builder/buildkit/index.ts';
import type { Handlers } from '../handler.ts';
import { checkUpgrade } from '../upgrade.ts';

const SESSION = 'x-docker-expose-session-';

/** The protocol is loaded when the first client comes. */
export function buildkitHandlers(buildkit: () => Promise<BuildKit>): Handlers {
  return {
    Session: async (request, response) => {
      checkUpgrade(request.headers.upgrade, 'h2c');
      const header = (name: string): string => String(request.headers[`${SESSION}${name}`] ?? '');
      const open = (await buildkit()).openSession({
        id: header('uuid'),
        sharedKey: header('sharedkey'),
        methods: header('grpc-method')
          .split(',')
          .map((method) => method.trim()),
      });
      await open(response.upgrade('h2c'));
    },
    BerthBuild: async (_, response) => {
      const own = await buildkit();
      await own.serveLink(response.hijack('application/vnd.berth.build'));
    },
    Grpc: async (request, response) => {
      // no fault of the request in Docker's eyes, which answers 500
      if (request.headers.upgrade === undefined) throw internal('no upgrade proto in request');
      const own = await buildkit();
      await own.serve(response.upgrade('h2c'));
    },
  };
}
