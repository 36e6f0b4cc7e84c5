// What a process in a running container is to be. Pure.

export interface ExecSpec {
  readonly cmd: readonly string[];
  readonly user: string;
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly tty: boolean;
  readonly privileged: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly detachKeys: string;
  /** Height, width; undefined when not given. */
  readonly consoleSize: readonly [number, number] | undefined;
}
