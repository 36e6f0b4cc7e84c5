// What changed in the daemon's info from one API version to the next: older clients get the older shape.
import type { InfoResponse } from '../../spec/docker/index.ts';

const COMMITS = ['ContainerdCommit', 'RuncCommit', 'InitCommit'] as const;

export function infoForVersion(info: InfoResponse, minor: number): unknown {
  const shaped: Record<string, unknown> = { ...info };
  if (minor < 47)
    shaped['RegistryConfig'] = {
      AllowNondistributableArtifactsCIDRs: null,
      AllowNondistributableArtifactsHostnames: null,
      ...info.RegistryConfig,
    };
  if (minor < 49) {
    delete shaped['FirewallBackend'];
    for (const name of COMMITS) shaped[name] = { ...info[name], Expected: info[name].ID };
  }
  if (minor < 50) Object.assign(shaped, { BridgeNfIptables: false, BridgeNfIp6tables: false });
  return shaped;
}
