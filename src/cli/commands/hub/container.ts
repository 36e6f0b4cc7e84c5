// The container of a hub: what is created, of what the user said. Pure.
import { isIP } from 'node:net';
import type { ContainerCreateBody } from '../../../spec/docker/container.ts';

export const ROOT = '/var/lib/berth/hub';
/** Certificate and key lie with the data: a container is thrown away, and its files are read-only. */
export const TLS = { certificate: `${ROOT}/tls/cert.pem`, key: `${ROOT}/tls/key.pem` };
/** On the container: what it was made from, so that the same `up` again changes nothing. */
export const LABEL = 'berth.hub';

const PORT = '5000/tcp';

export interface HubSettings {
  readonly image: string;
  readonly volume: string;
  readonly address: string;
  readonly port: number;
  readonly isOpen: boolean;
  /** Digest of the certificate, which is in the volume; its key is the one that fits. */
  readonly certificate?: string;
  /** Flags of `hub serve` that are handed on. */
  readonly more: readonly string[];
}

/** `[HOST:]PORT`, as in `-p`; the host is this machine alone when it is not said. Undefined when it is neither. */
export function parsePublish(text: string): { readonly address: string; readonly port: number } | undefined {
  const match = /^(?:(?:\[([0-9a-fA-F:]+)\]|([\d.]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const address = match?.[1] ?? match?.[2] ?? '127.0.0.1';
  return match && port <= 65_535 && isIP(address) !== 0 ? { address, port } : undefined;
}

export function hubContainer(settings: HubSettings): ContainerCreateBody {
  const { image, volume, address, port, isOpen, certificate, more } = settings;
  const tls = certificate !== undefined ? ['--tls-cert', TLS.certificate, '--tls-key', TLS.key] : [];
  return {
    Image: image,
    Cmd: ['serve', '--listen', ':5000', ...(isOpen ? ['--open'] : []), ...tls, ...more],
    Labels: { [LABEL]: JSON.stringify(settings) },
    ExposedPorts: { [PORT]: {} },
    HostConfig: {
      ...sandboxed(volume),
      PortBindings: { [PORT]: [{ HostIp: address, HostPort: String(port) }] },
      RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 },
    },
  };
}

/** One command of the hub on its data, which reads its standard input. */
export function commandContainer(image: string, volume: string, command: readonly string[]): ContainerCreateBody {
  return {
    Image: image,
    Cmd: [...command],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    HostConfig: { ...sandboxed(volume), NetworkMode: 'none' },
  };
}

/** It reads and writes its volume, and needs nothing else of the machine. */
function sandboxed(volume: string): NonNullable<ContainerCreateBody['HostConfig']> {
  return {
    Mounts: [{ Type: 'volume', Source: volume, Target: ROOT }],
    ReadonlyRootfs: true,
    Tmpfs: { '/tmp': '' },
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
  };
}
