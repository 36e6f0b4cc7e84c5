// What storage is made of.
import type { Blobs } from './blobs.ts';
import type { Leases } from './leases.ts';
import type { Repositories } from './repositories.ts';
import type { Uploads } from './uploads.ts';

export interface Storage {
  readonly blobs: Blobs;
  readonly repositories: Repositories;
  readonly uploads: Uploads;
  readonly leases: Leases;
  /** All that was written before is for good when it returns. */
  readonly settle: () => Promise<void>;
}
