// The wire shapes of volumes.
import type { Nullable } from './container.ts';

export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt: string;
  Labels: Nullable<Record<string, string>>;
  Scope: 'local' | 'global';
  Options: Nullable<Record<string, string>>;
  /** What a driver tells of it. */
  Status?: Readonly<Record<string, unknown>>;
  UsageData?: { Size: number; RefCount: number };
}

export interface VolumeCreateBody {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}

export interface VolumeListResponse {
  Volumes: Volume[];
  Warnings: Nullable<string[]>;
}

export interface VolumePruneResponse {
  VolumesDeleted: Nullable<string[]>;
  SpaceReclaimed: number;
}
