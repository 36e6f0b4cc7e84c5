// What every way of making a root file system hands over.
import type { ImageConfig } from '../../spec/docker/index.ts';

export interface Rootfs extends AsyncDisposable {
  /** Plain tar. */
  archive(): AsyncIterable<Uint8Array>;
  readonly config: ImageConfig;
  /** RFC 3339, from the packages and not from the clock. */
  readonly created: string;
  readonly createdBy: string;
  readonly comment: string;
}

export type OnProgress = (line: string) => Promise<void> | void;

export const PATH_ENV = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
