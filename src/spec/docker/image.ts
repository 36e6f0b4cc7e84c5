// The wire shapes of images.
import type { Descriptor, ImageConfig } from '../oci/image.ts';

import type { Nullable } from './container.ts';

export type { ImageConfig };

export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  Created: string;
  DockerVersion: string;
  Author: string;
  Config: ImageConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  Size: number;
  VirtualSize?: number;
  GraphDriver: { Name: string; Data: Nullable<Record<string, string>> };
  RootFS: { Type: string; Layers: string[] };
  Metadata: { LastTagTime: string };
  /** What its name leads to, when that is an index; of one platform, that manifest. */
  Descriptor?: Descriptor;
  Manifests?: ManifestSummary[];
}

/** What an index names, and how much of it is here. */
export interface ManifestSummary {
  ID: string;
  Descriptor: Descriptor;
  Available: boolean;
  /** Bytes: of the blobs, and of those with the unpacked files. */
  Size: { Content: number; Total: number };
  Kind: 'image' | 'attestation' | 'unknown';
  ImageData?: {
    Platform: { architecture: string; os: string; variant?: string };
    Size: { Unpacked: number };
    Containers: Nullable<string[]>;
  };
  AttestationData?: { For: string };
}

export interface AttestationStatement {
  Descriptor: Descriptor;
  PredicateType: string;
  /** As it is, JSON. */
  Statement?: unknown;
}

export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  /** seconds since 1970 */
  Created: number;
  Size: number;
  SharedSize: number;
  VirtualSize?: number;
  Labels: Nullable<Record<string, string>>;
  /** -1 when not counted */
  Containers: number;
  Descriptor?: Descriptor;
  Manifests?: ManifestSummary[];
}

export interface ImageHistoryItem {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: Nullable<string[]>;
  Size: number;
  Comment: string;
}

export interface ImageDeleteItem {
  Untagged?: string;
  Deleted?: string;
}

export interface ImagePruneResponse {
  ImagesDeleted: Nullable<ImageDeleteItem[]>;
  SpaceReclaimed: number;
}

/** One line of a progress stream (create, load, push, build). */
export interface ProgressMessage {
  stream?: string;
  status?: string;
  id?: string;
  progress?: string;
  progressDetail?: { current?: number; total?: number; units?: string; hidecounts?: boolean };
  error?: string;
  errorDetail?: { code?: number; message: string };
  aux?: unknown;
}
