// What volumes need of others.

/** Who refers to a volume: a container that exists, running or not. */
export interface VolumeUsers {
  /** Ids of containers that have the volume among their mounts. */
  usersOf(name: string): readonly string[];
}

export type VolumeEvents = (event: {
  type: 'volume';
  action: 'create' | 'mount' | 'unmount' | 'destroy' | 'prune';
  id: string;
  attributes: Readonly<Record<string, string>>;
}) => void;
