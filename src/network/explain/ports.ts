// What explaining needs of containers, cut small.

export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly phase: string;
  readonly exitCode: number;
  /** Its first process, while there is one. */
  readonly pid: number | undefined;
  /** `bridge`, `host`, `none`, `container:X`, or a network. */
  readonly networkMode: string;
}

export interface ContainerLookup {
  /** By name, id, or a prefix of an id; undefined when there is none. Throws invalid for a prefix that several have. */
  lookup(reference: string): ContainerFacts | undefined;
  all(): readonly ContainerFacts[];
}
