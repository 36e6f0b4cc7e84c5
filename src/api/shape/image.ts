// What changed in an image's JSON from one API version to the next: older clients get the older shape.
import { ZERO_TIME } from '../../base/clock.ts';
import type { Inspected } from '../../images/index.ts';
import type { ImageSummary } from '../../spec/docker/index.ts';

/** Fields of `Config` that clients before these versions were always given, set or not. */
const SINCE_50 = {
  Cmd: null,
  Entrypoint: null,
  Env: null,
  Labels: null,
  OnBuild: null,
  User: '',
  Volumes: null,
  WorkingDir: '',
};
const BEFORE_50 = {
  ...SINCE_50,
  AttachStderr: false,
  AttachStdin: false,
  AttachStdout: false,
  Domainname: '',
  Hostname: '',
  Image: '',
  OpenStdin: false,
  StdinOnce: false,
  Tty: false,
};

export function inspectForVersion({ image, origin }: Inspected, minor: number): unknown {
  const shaped: Record<string, unknown> = { ...image };
  if (minor < 52) shaped['Config'] = { ...(minor < 50 ? BEFORE_50 : SINCE_50), ...image.Config };
  else
    for (const name of ['Parent', 'Comment', 'DockerVersion', 'Author'] as const) if (!image[name]) delete shaped[name];
  if (minor < 45) {
    if (origin.container) shaped['Container'] = origin.container;
    shaped['ContainerConfig'] = origin.containerConfig;
  }
  if (minor < 48) delete shaped['Descriptor'];
  if (minor < 44) shaped['VirtualSize'] = image.Size;
  if (image.Created === '') {
    if (minor < 44) shaped['Created'] = ZERO_TIME;
    else delete shaped['Created'];
  }
  return shaped;
}

/** Until 1.43 the size had a second name. */
export function withVirtualSize(row: ImageSummary, minor: number): ImageSummary {
  return minor < 44 ? { ...row, VirtualSize: row.Size } : row;
}

export function imageSummaryForVersion(row: ImageSummary, minor: number): ImageSummary {
  const untagged = minor < 43 && row.RepoTags.length === 0 && row.RepoDigests.length === 0;
  const { Descriptor: descriptor, ...rest } = row;
  return {
    ...withVirtualSize(rest, minor),
    ...(descriptor && minor >= 48 ? { Descriptor: descriptor } : {}),
    ...(untagged ? { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] } : {}),
    ...(minor < 51 ? { Containers: -1 } : {}),
  };
}
